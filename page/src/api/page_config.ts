/** What `GET /page-config` says of the model: everything that the page needs to follow the schema of its data. */
import type { components } from './types';

type Schemas = components['schemas'];

export type PageConfig = Schemas['PageConfig'];
export type PageColumn = Schemas['PageColumn'];
export type Choice = Schemas['Choice'];
export type Value = PageColumn['typical'];
export type Group = PageColumn['group'];
export type Kind = PageColumn['kind'];
export type Role = NonNullable<PageColumn['role']>;
