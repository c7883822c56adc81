import type { Claims } from '@spondon/protocol/claims';
import { dateOf, digitsOf, type FieldName, type Words } from '../words/words.js';

/** What a code's issuer signed, large: to be held against the paper. Names stay as they are printed. */
export function Facts({ words, claims }: { readonly words: Words; readonly claims: Claims }) {
  return (
    <dl class="claims">
      {linesOf(claims).map(([field, value]) => (
        <div key={field}>
          <dt>{words.fields[field]}</dt>
          <dd>{valueIn(words, field, value)}</dd>
        </div>
      ))}
    </dl>
  );
}

type Value = string | number | readonly string[];

function linesOf({ subject, facts }: Claims): [FieldName, Value][] {
  return Object.entries({ ...subject, ...facts }) as [FieldName, Value][];
}

const DATES: readonly FieldName[] = ['birthDate', 'validUntil', 'specimenDate', 'date'];

function valueIn(words: Words, field: FieldName, value: Value) {
  if (typeof value === 'number') return digitsOf(String(value), words);
  if (typeof value !== 'string') {
    return (
      <ul>
        {value.map((item) => (
          <li key={item}>
            <bdi>{item}</bdi>
          </li>
        ))}
      </ul>
    );
  }
  if (DATES.includes(field)) return dateOf(value, words);
  if (field === 'amount') return digitsOf(value, words);
  return <bdi>{value}</bdi>;
}
