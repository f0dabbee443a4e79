/** Names for the answers of the API, whose types are generated from its OpenAPI document. */
import type { components } from './types';

type Schemas = components['schemas'];

export type Prediction = Schemas['ValuedPrediction'];
export type Valuation = Schemas['Valuation'];
export type LimitingFactor = Schemas['LimitingFactor'];
export type PredictionWarning = Schemas['PredictionWarning'];
export type Explanation = Schemas['Explanation'];
export type Contribution = Schemas['Contribution'];
export type Comparables = Schemas['Comparables'];
export type Comparable = Schemas['Comparable'];
export type History = Schemas['History'];
export type MonthlyValue = Schemas['MonthlyValue'];
export type WhatIf = Schemas['WhatIf'];
export type GridPoint = Schemas['GridPoint'];
