# shellcheck shell=bash
# Completion of tenor-report in bash; tests/program/test_completion.py holds it against `tenor-report --help`.

_tenor_report_files() { # ENDING: files of this ending, and folders
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -X "!*.$1" -- "${COMP_WORDS[COMP_CWORD]}"; compgen -d -- "${COMP_WORDS[COMP_CWORD]}")
}

_tenor_report() {
  local word=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  case ${COMP_WORDS[COMP_CWORD - 1]},$word in
  -o,* | --output,*) _tenor_report_files html ;;
  --summary,*) _tenor_report_files json ;;
  --figures,* | --csv,*)
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$word")
    ;;
  *,-*) mapfile -t COMPREPLY < <(compgen -W '--output --figures --csv --summary --table --force --help' -- "$word") ;;
  *) _tenor_report_files nc ;;
  esac
}

complete -F _tenor_report tenor-report
