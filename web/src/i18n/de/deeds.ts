import type { deeds as english } from '../en/deeds';
import type { Part } from '../texts';

export const deeds: Part<typeof english> = {
  'who.you': 'Ihnen',
  'who.admin': 'einem Administrator',
  'who.godwit': 'Godwit selbst',
  'deed.cancelled': 'Abgebrochen von {who}',
  'deed.cancelled.nobody': 'Abgebrochen',
  'deed.again': 'Noch einmal gesendet von {who}',
  'deed.again.nobody': 'Noch einmal gesendet',
  'deed.newer': 'Zur neueren Zustellung',

  deleted: 'Gelöscht',
  'deleted.by': 'Gelöscht von {who}',
  'deleted.text': 'Was noch wartete, wurde abgebrochen, und es wird nichts mehr gesendet. Der Webhook lässt sich nicht wiederherstellen.',
  'deleted.kept': 'Seine Zustellungen bleiben lesbar, solange Ereignisse aufbewahrt werden.',
  'deleted.none': 'Er hat keine Zustellungen, oder sie werden nicht mehr aufbewahrt.',

  'enable.missed': 'Was verpasst wurde',
  'enable.again': { one: 'Das {n} Ereignis noch einmal senden, das in den letzten 24 Stunden scheiterte', other: 'Die {n} Ereignisse noch einmal senden, die in den letzten 24 Stunden scheiterten' },
  'enable.left': 'Was nicht angekreuzt ist, bleibt, wie es ist. Sie können es später auf der Seite dieses Webhooks senden.',
  'enable.again.failed': 'Der Webhook ist an, aber was scheiterte, konnte nicht noch einmal gesendet werden. Versuchen Sie es auf der Seite dieses Webhooks.',

  'secret.full': 'Es gibt so viele frühere Schlüssel, wie es geben darf. Der erste davon endet {until}.',
  'secret.full.next': 'Erzeugen Sie danach einen neuen. Oder wählen Sie „Gar nicht“: Das beendet alle früheren Schlüssel sofort.',
  'secret.full.left': 'Platz ist in',

  'mark.changed': 'Geändert. Vorher: {value}',
  'mark.hidden': 'Geändert',
  'mark.nothing': 'nichts',
  'settings.part': 'Diesen Teil speichern',
  'stale.you': 'Sie haben das in einem anderen Fenster geändert',
  'stale.by': 'Geändert von {who}',
  'stale.each': 'Wählen Sie für jede Einstellung. Bis zum Speichern geht nichts verloren.',
  'stale.which': '{name}: welche?',
  'stale.save': 'Diese Auswahl speichern',
  'stale.only_theirs': 'bleibt, wie geändert',

  'setting.headers': 'Header',
  'earlier.show': 'Frühere',
  'earlier.hide': 'Frühere ausblenden',
  'filters.superseded': 'Auch jede frühere Zustellung einzeln',

  people: { one: '{n} Person', other: '{n} Personen' },
  'people.most': { one: '{n} Person oder mehr', other: '{n} Personen oder mehr' },
  'companies.show': 'Projekte und Personen',
  'companies.of': '{name}: Projekte und Personen',
  'members.show': 'Wer?',
  'members.none': 'Niemand ist Mitglied.',

  'admin.metrics': 'Messwerte, und wovor gewarnt werden soll',
  'remedy.title': 'Was fehlt, und wie es sich beheben lässt',
  'remedy.migrate': 'Führen Sie dies aus, um die Datenbank auf die Version zu bringen, die Godwit braucht:',
  'remedy.database': 'Führen Sie dies aus, um zu sehen, ob die Datenbank antwortet:',
  'remedy.standby': 'Führen Sie dies aus, um zu sehen, ob die Datenbank eine Kopie ist, die keine Änderungen annimmt:',
  'remedy.temporal': 'Führen Sie dies aus, um zu sehen, ob Temporal antwortet:',
  'remedy.requests': 'Führen Sie dies bei der Datenbank aus, um zu sehen, ob ihre Platte voll ist:',
  'remedy.other': 'Führen Sie dies dort aus, wo Godwit läuft, um zu sehen, worauf es wartet:',
  'remedy.retention': 'Alte Zeilen werden nicht entfernt. Es wird von selbst noch einmal versucht; führen Sie dies aus, um zu sehen, was die Datenbank tut:',
  'remedy.none': 'Alle Teile sind da.',
};
