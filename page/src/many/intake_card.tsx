import { useState } from 'preact/hooks';
import { config } from '../state/config';
import { language } from '../state/settings';
import { t } from '../words';
import { columnLabel } from '../words/labels';
import { discard, sourceProblem, takeText } from './batch_state';
import { CsvError } from './csv';
import { templateCsv } from './download';
import { readFile } from './intake';
import { saveFile } from './save_file';

/** Where a table is dropped, chosen or pasted. */
export function Intake() {
  const words = t().many;
  const [over, setOver] = useState(false);
  const [typed, setTyped] = useState('');
  return (
    <div class="card many-intake">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is for the mouse; the button within does the same */}
      <div
        class={over ? 'many-drop over' : 'many-drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          const file = event.dataTransfer?.files[0];
          if (file) void takeFile(file);
        }}
      >
        {words.drop}{' '}
        <label class="button">
          {words.choose}
          <input
            class="visually-hidden"
            type="file"
            accept=".csv,.tsv,.txt,text/csv,text/plain,text/tab-separated-values"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              event.currentTarget.value = ''; // so that the same file can be chosen again
              if (file) void takeFile(file);
            }}
          />
        </label>
      </div>
      <label class="many-paste">
        {words.paste}
        <textarea
          rows={4}
          spellcheck={false}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onPaste={(event) => {
            const text = event.clipboardData?.getData('text/plain') ?? '';
            if (typed !== '' || !text.includes('\n')) return;
            event.preventDefault(); // a text field is slow with thousands of rows
            takeText(null, text);
          }}
        />
      </label>
      <div class="many-actions">
        {typed.trim() !== '' && (
          <button type="button" class="button primary" onClick={() => takeText(null, typed)}>
            {words.usePasted}
          </button>
        )}
        <button type="button" class="button" onClick={saveTemplate}>
          {words.template}
        </button>
      </div>
      <ColumnList />
    </div>
  );
}

function ColumnList() {
  const words = t().many;
  return (
    <details class="small">
      <summary>{words.columns}</summary>
      <ul class="many-columns">
        {config.value?.columns.map((column) => (
          <li key={column.name}>
            <code>{column.name}</code> {columnLabel(column)}
            {column.unit && `, ${column.unit}`}
            {column.required && <strong> ({words.required})</strong>}
          </li>
        ))}
      </ul>
    </details>
  );
}

async function takeFile(file: File): Promise<void> {
  discard();
  try {
    takeText(file.name, await readFile(file));
  } catch (error) {
    sourceProblem.value = error instanceof CsvError ? error : new CsvError('empty', 1);
  }
}

/** Spreadsheets set to a language with decimal commas expect them in a CSV, too. */
function saveTemplate(): void {
  const decimal = (1.5).toLocaleString(language.value).includes(',') ? ',' : '.';
  saveFile('houses.csv', templateCsv(config.value?.columns ?? [], decimal));
}
