import { cleanup, render, screen } from '@testing-library/preact';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { config } from '../state/config';
import { type Answer as Answered, estimate, startEstimates } from '../state/estimate';
import { replaceHouse } from '../state/house';
import { setLanguage } from '../state/settings';
import { madeConfig } from '../testing/made_config';
import { en } from '../words/en';
import { Answer } from './answer';
import { limitTexts } from './limits';

function made(more: Partial<Answered['valuation']> = {}): Answered {
  return {
    predicted_price: 551424.97,
    prediction_interval: [423859.89, 698195.59],
    coverage: 0.9,
    fsd: 0.152,
    confidence: 84.8,
    currency: 'USD',
    valuation_date: '2015-05-27',
    warnings: [
      { column: 'area', kind: 'outside_range', message: 'server words' },
      { column: 'rooms', kind: 'missing', message: 'server words' },
    ],
    model_version: 'cb9699a86e5f',
    valuation: {
      display_price: 550000,
      display_range: [420000, 700000],
      confidence_class: 4,
      value_recommended: true,
      reason: null,
      max_fsd: 0.25,
      agreement: { tree_price: 554345.2, kernel_ridge_price: 550348.79, ratio: 1.0073 },
      limiting_factors: [
        { code: 'outside_learned_range', message: 'server words' },
        { code: 'missing_inputs', message: 'server words' },
      ],
      data_quality: { score: 80, missing: ['rooms'], unusual: ['area'] },
      ...more,
    },
  };
}

let rooms = 0;
let answers: (() => Response)[];

beforeEach(() => {
  setLanguage('en');
  config.value = madeConfig;
  answers = [];
  vi.stubGlobal('fetch', async () => answers.shift()?.() ?? new Response('{}', { status: 500 }));
  startEstimates();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function ask(...given: (() => Response)[]) {
  answers.push(...given);
  rooms += 1;
  replaceHouse({ rooms });
  await vi.waitUntil(() => ['ready', 'failed'].includes(estimate.value.status));
}

const answered = (answer: Answered) => () => new Response(JSON.stringify(answer));

test('the rounded price stands in one line with its range', async () => {
  const { container } = render(<Answer />);
  await ask(answered(made()));
  await screen.findByText('$550,000');
  expect(container.querySelector('.price')?.textContent).toBe('$550,000 $420,000 – $700,000');
});

test('limits are said by their codes, with the labels of the columns', () => {
  expect(limitTexts(made())).toEqual([
    en.answer.factors.outside_learned_range('Living area'),
    en.answer.factors.missing_inputs('Rooms in all'),
  ]);
});

test('a factor of a newer server is said in its own words', () => {
  const factor = { code: 'of_the_future', message: 'server words' };
  expect(limitTexts(made({ limiting_factors: [factor as never] }))).toEqual(['server words']);
});

test('where the model would rather not say, no price is in large type', async () => {
  const { container } = render(<Answer />);
  await ask(answered(made({ value_recommended: false, reason: 'server words' })));
  await screen.findAllByText(en.answer.noValue);
  expect(container.querySelector('.price')).toBeNull();
  expect(container.textContent).not.toContain('$550,000');
});

test('an invalid house has no price, not even that of the house before', async () => {
  const { container } = render(<Answer />);
  await ask(answered(made()));
  await ask(
    () => new Response('{"detail": [{"type": "missing", "loc": ["body", "area"], "msg": ""}]}', { status: 422 }),
  );
  await vi.waitUntil(() => container.querySelector('.price')?.textContent === '—');
  expect(container.textContent).not.toContain('$550,000');
});

test('when the server fails, the house before stays, dimmed', async () => {
  const { container } = render(<Answer />);
  await ask(answered(made()));
  await ask(() => new Response('oops', { status: 500 }));
  await vi.waitUntil(() => container.querySelector('.answer-body.stale'));
  expect(container.textContent).toContain('$550,000');
  expect(container.querySelector('[aria-live]')?.textContent).toBe('');
});
