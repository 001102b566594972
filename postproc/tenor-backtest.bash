# shellcheck shell=bash
# Completion of tenor-backtest in bash; tests/program/test_completion.py holds it against `tenor-backtest --help`.

_tenor_backtest() {
  local word=${COMP_WORDS[COMP_CWORD]} ending=yaml
  COMPREPLY=()
  case ${COMP_WORDS[COMP_CWORD - 1]},$word in
  --paths,* | --horizons,*) return ;;
  --tenor,*)
    mapfile -t COMPREPLY < <(compgen -c -- "$word")
    return
    ;;
  -o,* | --output,*) ending=html ;;
  --json,*) ending=json ;;
  *,-*)
    mapfile -t COMPREPLY < <(compgen -W '--output --json --paths --horizons --unverified --tenor --force --help' -- "$word")
    return
    ;;
  esac
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -X "!*.$ending" -- "$word"; compgen -d -- "$word")
}

complete -F _tenor_backtest tenor-backtest
