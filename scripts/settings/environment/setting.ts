import { z } from 'zod';

/** What an operator reads of a setting: docs/operations.md is made of it, in Markdown. */
export interface SettingReference {
  /** Parts and commands of `stack`. */
  readonly readBy: string;
  readonly meaning: string;
  /** A value. */
  readonly example: string;
  /** What holds without it, where that is no default of its schema. */
  readonly unset?: string;
}

/** What an operator reads of together. `note`: what holds for several of them. */
export interface SettingGroup {
  readonly title: string;
  readonly settings: Readonly<Record<string, z.ZodType>>;
  readonly note?: string;
}

export const references = z.registry<SettingReference>();

export function setting<Schema extends z.ZodType>(schema: Schema, reference: SettingReference): Schema {
  references.add(schema, reference);
  return schema;
}

/** Makes settings that the same parts read. */
export const settingReadBy =
  (readBy: string) =>
  <Schema extends z.ZodType>(schema: Schema, reference: Omit<SettingReference, 'readBy'>): Schema =>
    setting(schema, { readBy, ...reference });
