/** In the path of a `Flatten`: every item of a list. */
export const EACH = '@';

const ON = '... on ';

export const onType = (type: string): string => ON + type;

/** The type in a path's element `... on Type`, which leads to objects of that type only; undefined for any other element. */
export const conditionIn = (element: string | undefined): string | undefined =>
  element?.startsWith(ON) ? element.slice(ON.length) : undefined;
