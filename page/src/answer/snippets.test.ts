import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { asCurl, asPython } from './snippets';

const URL = 'http://localhost:8000/predict';
const hostile = { name: `it's "$HOME" \\ \`id\` \n <b> ñ 🏠 '; exit 3 #`, 'odd "key"': true, empty: null, area: 12.5 };

test('the shell passes the house on as it is', () => {
  const script = asCurl(URL, hostile, false).replace(/^curl/, 'printf "%s\\0"');
  const words = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
  expect(words.slice(0, 4)).toEqual(['-s', URL, '-H', 'Content-Type: application/json']);
  expect(JSON.parse(words.at(-1) ?? '')).toEqual(hostile);
});

test('Python reads the house as it is', () => {
  const script = asPython(URL, hostile, false).split('headers = ')[0] ?? '';
  const read = execFileSync('python3', ['-c', `${script}\nprint(json.dumps(house))`], { encoding: 'utf8' });
  expect(JSON.parse(read)).toEqual(hostile);
});

test('a key is named, never written', () => {
  expect(asCurl(URL, hostile, true)).toContain('X-API-Key: $HOUSEPRICE_API_KEY');
  const python = asPython(URL, hostile, true);
  expect(python).toContain('import os');
  expect(python).toContain('os.environ["HOUSEPRICE_API_KEY"]');
  expect(asPython(URL, hostile, false)).not.toContain('environ');
});
