import './curves.css';
import { config } from '../state/config';
import { History } from './history';
import { WhatIfCurve } from './what_if_curve';

/** What if the house were another, and what it was worth in the months before. */
export function Curves() {
  return (
    <>
      <WhatIfCurve />
      {config.value?.history && <History />}
    </>
  );
}
