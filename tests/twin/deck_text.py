"""Decks between files and nested dicts of bare numbers in the engine's own units."""
import json
import re
import subprocess

import numpy as np
import yaml

REGIMES = ('boom', 'plateau', 'winter')
FLAGS = 'true or false'


# ---- from a file

def bare(key, value):
    """The number, or the list of numbers, of one resolved value."""
    if key == 'initial_regime':
        return REGIMES.index(value)
    if isinstance(value, list):
        return [bare(key, row) for row in value]
    if not isinstance(value, str) or key in TEXTS:
        return value
    numbers = [1e30 if word == 'unlimited' else float(word)
               for word in re.findall(r'unlimited|[-+]?[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?(?=[\s,]|$)', value)]
    return numbers if ',' in value or key in LISTS else numbers[0]


TEXTS = ('name', 'mode', 'allocation')
LISTS = ('annual_minimum', 'guaranteed_capacity', 'other_spend')       # may have a single entry
WHOLE = ('horizon', 'service_life', 'order_lead', 'shell_lead', 'energised', 'start', 'term', 'payback_cutoff')


def strip(node):
    """A resolved section without its provenance."""
    if isinstance(node, list):
        return [strip(item) for item in node]
    plain = {}
    for key, value in node.items():
        if isinstance(value, dict) and 'value' in value:
            plain[key] = bare(key, value['value'])
        elif value == [] or isinstance(value, int):
            plain[key] = value
        else:
            plain[key] = strip(value)
        if key in WHOLE and plain[key] == int(plain[key]):
            plain[key] = int(plain[key])
    return plain


def read_deck(program, path, *settings):
    """The deck of a file as `program` (tenor) resolves it, `settings` being KEY=VALUE changes."""
    command = [str(program), 'check', '--quiet', str(path)] + [word for setting in settings for word in ('--set', setting)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    deck = {name: strip(section) for name, section in yaml.load(text, Loader).items()
            if name != 'name' and isinstance(section, (dict, list))}
    deck['time'].pop('start')                                  # a label
    deck.pop('history', None)                                  # for charts only
    return deck


class Loader(yaml.SafeLoader):
    """SafeLoader that leaves dates alone."""


Loader.yaml_implicit_resolvers = {first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(':timestamp')]
                                  for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


# ---- to a file

def key_units(program):
    """Unit of every deck key, as `tenor check --keys --json` tells it; list items as in `sites[].capacity`."""
    keys = subprocess.run([program, 'check', '--keys', '--json'], check=True, capture_output=True, text=True).stdout
    return {key['key']: key['unit'] for key in json.loads(keys)['x-keys']}


def number(value):
    return 'unlimited' if value == 1e30 else repr(float(value))


def text_of(key, value, unit):
    """One value with its unit, as YAML."""
    if key == 'regime.initial_regime':
        return REGIMES[value]
    if unit == FLAGS:
        return 'true' if value else 'false'
    if isinstance(value, str):
        return json.dumps(value)
    if unit == 'whole number':
        return str(int(value))
    if unit == '1':
        unit = ''
    rows = np.asarray(value, float)
    if rows.ndim == 2:
        return '[%s]' % ', '.join('"%s %s"' % (', '.join(map(number, row)), unit) for row in rows)
    if rows.ndim == 1:
        return json.dumps(('%s %s' % (', '.join(map(number, rows)), unit)).strip()) if len(rows) else '[]'
    return number(value) if rows == 1e30 else json.dumps(('%s %s' % (number(value), unit)).strip())


def write_items(lines, prefix, items, units, name, indent):
    """A list of mappings: generations, sites, customers, tranches."""
    if not items:
        lines[-1] += ' []'
    for n, item in enumerate(items):
        lines.append(indent + '- name: %s' % json.dumps(item.get('name', name % (n + 1))) if prefix + 'name' in units
                     else indent + '-')
        for key, value in item.items():
            if key == 'name':
                continue
            if key == 'tranches':
                lines.append(indent + '  tranches:')
                write_items(lines, prefix + 'tranches[].', value, units, '', indent + '    ')
            else:
                lines.append(indent + '  %s: %s' % (key, text_of(prefix + key, value, units[prefix + key])))


def write_deck(program, deck, path):
    """Writes `deck` to `path` for `program` (tenor); returns `path`."""
    units, lines = key_units(program), []
    for section, content in deck.items():
        if section == 'name':
            continue
        lines.append(section + ':')
        if isinstance(content, list):
            write_items(lines, section + '[].', content, units, section.capitalize() + '%d', '  ')
        else:
            if section == 'time' and 'start' not in content:
                lines.append('  start: 2026-04-01')
            for key, value in content.items():
                lines.append('  %s: %s' % (key, text_of(section + '.' + key, value, units[section + '.' + key])))
    path.write_text('\n'.join(lines) + '\n')
    return path
