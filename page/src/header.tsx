import { config } from './state/config';
import { showView, view, views } from './state/route';
import { language, languages, setLanguage, setTheme, theme, themes } from './state/settings';
import { t } from './words';
import { readableTitle } from './words/labels';

const languageNames = { en: 'English', es: 'Español' };

export function Header() {
  const words = t().page;
  return (
    <header class="header screen-only">
      <button
        type="button"
        class="skip"
        onClick={() => document.getElementById(view.value === 'estimate' ? 'answer' : 'main')?.focus()}
      >
        {words.skip}
      </button>
      <h1>{config.value ? readableTitle(config.value.title) : ''}</h1>
      <nav aria-label={words.views}>
        {views.map((one) => (
          <a
            key={one}
            href={`#/${one}`}
            aria-current={view.value === one ? 'page' : undefined}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              showView(one);
            }}
          >
            {words[one]}
          </a>
        ))}
      </nav>
      <div class="settings">
        <Choice
          label={words.language}
          value={language.value}
          values={languages}
          names={languageNames}
          onValue={setLanguage}
        />
        <Choice label={words.theme} value={theme.value} values={themes} names={words.themes} onValue={setTheme} />
      </div>
    </header>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  values: readonly T[];
  names: Record<T, string>;
  onValue: (value: T) => void;
}

function Choice<T extends string>({ label, value, values, names, onValue }: ChoiceProps<T>) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => {
        const chosen = values.find((one) => one === event.currentTarget.value);
        if (chosen) onValue(chosen);
      }}
    >
      {values.map((one) => (
        <option key={one} value={one}>
          {names[one]}
        </option>
      ))}
    </select>
  );
}
