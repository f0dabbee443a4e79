/** The request of a house for other programs. */
import type { House } from '../state/house';

/** Where keys are needed, the snippet names a variable; the key itself is copied nowhere. */
const KEY_VARIABLE = 'HOUSEPRICE_API_KEY';

export function asCurl(url: string, house: House, hasKey: boolean): string {
  const key = hasKey ? ` -H "X-API-Key: $${KEY_VARIABLE}"` : '';
  return `curl -s ${quoted(url)} -H 'Content-Type: application/json'${key} -d ${quoted(JSON.stringify(house))}`;
}

export function asPython(url: string, house: House, hasKey: boolean): string {
  const key = hasKey ? `, "X-API-Key": os.environ["${KEY_VARIABLE}"]` : '';
  const fields = Object.entries(house).map(([name, value]) => `    ${text(name)}: ${literal(value)},`);
  return [
    'import json',
    ...(hasKey ? ['import os'] : []),
    'from urllib.request import Request, urlopen',
    '',
    'house = {',
    ...fields,
    '}',
    `headers = {"Content-Type": "application/json"${key}}`,
    `request = Request(${text(url)}, json.dumps(house).encode(), headers)`,
    'with urlopen(request) as response:',
    '    print(json.load(response))',
    '',
  ].join('\n');
}

/** Return a text as one word of a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function literal(value: House[string]): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? String(value) : text(value);
}

/** Return a text as Python writes it, which knows all escapes of JSON. */
function text(value: string): string {
  return JSON.stringify(value);
}
