import { expect, test } from 'vitest';
import { firstStep, ruleNumber, stepOf, valuesOf, warningKey, type Fault } from './findings';

test('faults lead to the step where they can be mended', () => {
  for (const [pointer, step] of [
    ['/url', 'to'],
    ['/name', 'to'],
    ['/rules/0/events/1', 'what'],
    ['/rules', 'what'],
    ['/rules/3/projects/0', 'where'],
    ['/rules/0/companies', 'where'],
    ['/rules/0/filter', 'only_if'],
    ['/rules/0/all_of/1/filter', 'only_if'],
    ['/headers/X-A', 'look'],
  ] as const)
    expect(stepOf(pointer), pointer).toBe(step);
  const fault = (pointer: string): Fault => ({ pointer, code: 'required', params: {}, detail: '' });
  expect(firstStep(['to', 'what', 'where', 'only_if', 'look'], [fault('/headers/X'), fault('/rules/0/filter')])).toBe('only_if');
  expect(firstStep(['to', 'what'], [])).toBeUndefined();
});

test('rules are numbered where there are several', () => {
  const rule = { events: ['*'] };
  expect(ruleNumber('/rules/1/filter', [rule, rule])).toBe(2);
  expect(ruleNumber('/rules/0/filter', [rule])).toBeUndefined();
  expect(ruleNumber('/url', [rule, rule])).toBeUndefined();
});

test('warnings say what is reached', () => {
  const of = (params: Record<string, unknown>) => warningKey({ code: 'reaches_everything', pointer: '/rules/0', params });
  expect(of({ event_types: true, projects: true })).toBe('warning.everything');
  expect(of({ event_types: true, projects: false })).toBe('warning.every_type');
  expect(of({ event_types: false, projects: true })).toBe('warning.every_project');
  expect(valuesOf({ a: 'x', n: 3, list: ['http', 'https'], flag: true, none: null })).toEqual({ a: 'x', n: 3, list: 'http, https' });
});
