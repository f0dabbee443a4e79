/** The words of the page in the chosen language. */
import { language } from '../state/settings';
import { en, type Words } from './en';
import { es } from './es';

const dictionaries: Record<typeof language.value, Words> = { en, es };

/** Return all words; a component that calls it follows the language. */
export function t(): Words {
  return dictionaries[language.value];
}
