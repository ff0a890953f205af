import type { Texts } from '../texts';

// Who did what and when, changes of two people, and what to run where a part is missing.
export const deeds = {
  'who.you': 'you',
  'who.admin': 'an administrator',
  'who.godwit': 'Godwit itself',
  'deed.cancelled': 'Cancelled by {who}',
  'deed.cancelled.nobody': 'Cancelled',
  'deed.again': 'Sent again by {who}',
  'deed.again.nobody': 'Sent again',
  'deed.newer': 'To the newer delivery',

  deleted: 'Deleted',
  'deleted.by': 'Deleted by {who}',
  'deleted.text': 'What still waited was cancelled, and nothing more is sent. It can’t be brought back.',
  'deleted.kept': 'Its deliveries can be read for as long as events are kept.',
  'deleted.none': 'It has no deliveries, or they are not kept any more.',

  'enable.missed': 'What was missed',
  'enable.again': { one: 'Send the {n} event again that failed in the last 24 hours', other: 'Send the {n} events again that failed in the last 24 hours' },
  'enable.left': 'What is not ticked stays as it is. You can send it later, on this webhook’s page.',
  'enable.again.failed': 'The webhook is on, but what failed could not be sent again. Try it on this webhook’s page.',

  'secret.full': 'There are as many earlier secrets as there may be. The first of them ends {until}.',
  'secret.full.next': 'Make a new one after that. Or choose “Not at all”, which ends all earlier secrets now.',
  'secret.full.left': 'There is room in',

  'mark.changed': 'Changed. Before: {value}',
  'mark.hidden': 'Changed',
  'mark.nothing': 'nothing',
  'settings.part': 'Save this part',
  'stale.you': 'You changed this in another window',
  'stale.by': 'Changed by {who}',
  'stale.each': 'Choose for each setting. Nothing is lost until you save.',
  'stale.which': '{name}: which one?',
  'stale.save': 'Save this choice',
  'stale.only_theirs': 'stays theirs',

  'setting.headers': 'Headers',
  'earlier.show': 'Earlier ones',
  'earlier.hide': 'Hide the earlier ones',
  'filters.superseded': 'Also each earlier delivery by itself',

  people: { one: '{n} person', other: '{n} people' },
  'people.most': { one: '{n} person or more', other: '{n} people or more' },
  'companies.show': 'Projects and people',
  'companies.of': '{name}: projects and people',
  'members.show': 'Who?',
  'members.none': 'Nobody is a member.',

  'admin.metrics': 'Metrics, and what to be warned of',
  'remedy.title': 'What is missing, and how to mend it',
  'remedy.migrate': 'Run this to bring the database to the version that Godwit needs:',
  'remedy.database': 'Run this to see whether the database answers:',
  'remedy.standby': 'Run this to see whether the database is a standby, which takes no changes:',
  'remedy.temporal': 'Run this to see whether Temporal answers:',
  'remedy.requests': 'Run this where the database is, to see whether its disk is full:',
  'remedy.other': 'Run this where Godwit runs, to see what it waits for:',
  'remedy.retention': 'Old rows are not removed. It is tried again by itself; run this to see what the database does:',
  'remedy.none': 'All parts are there.',
} as const satisfies Texts;
