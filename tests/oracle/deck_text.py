"""Writes a deck that is held as nested dicts of bare numbers, in the engine's own units, as a deck file."""
import json
import subprocess

import numpy as np

REGIMES = ('boom', 'plateau', 'winter')
FLAGS = 'true or false'


def key_units(program):
    """Unit of every deck key, as `tenor check --keys --json` tells it; list items as in `sites[].capacity`."""
    keys = subprocess.run([program, 'check', '--keys', '--json'], check=True, capture_output=True, text=True).stdout
    return {key['key']: key['unit'] for key in json.loads(keys)}


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
    units, lines = key_units(program), ['sampling: {paths: 1, seed: 1}']
    for section, content in deck.items():
        if section == 'name':
            continue
        lines.append(section + ':')
        if isinstance(content, list):
            write_items(lines, section + '[].', content, units, section.capitalize() + '%d', '  ')
        else:
            for key, value in content.items():
                lines.append('  %s: %s' % (key, text_of(section + '.' + key, value, units[section + '.' + key])))
    path.write_text('\n'.join(lines) + '\n')
    return path
