/** A place in a rule file; line and column start at 1. */
export type Place = { file: string; line: number; column: number };

/** A condition's text, put together from one or more places of the files. */
export type ConditionText = {
  text: string;
  /** Where in the files the character at this offset stands. */
  locate(offset: number): Place;
};

/** An item of a file that is refused: thrown while it is read, a RuleProblem outside. */
export class Refused extends Error {
  readonly place: Place;

  constructor(place: Place, reason: string) {
    super(reason);
    this.place = place;
  }
}
