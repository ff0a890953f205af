import type { connect as english } from '../en/connect';
import type { Part } from '../texts';

export const connect: Part<typeof english> = {
  connect: 'Kommandozeile zulassen',
  'connect.text': 'Ein Programm auf der Kommandozeile möchte in deinem Namen handeln. Ist das der Code in deinem eigenen Terminal?',
  'connect.code': 'Code',
  'connect.name': 'Programm',
  'connect.address': 'Aufruf von',
  'connect.until': 'Wartet bis',
  'connect.warning': 'Nur zustimmen, wenn du das eben selbst begonnen hast: Wer dahinter steht, sieht und ändert, was du sehen und ändern darfst.',
  'connect.yes': 'Ja, zulassen',
  'connect.no': 'Nein, ablehnen',
  'connect.approved': 'Zugelassen',
  'connect.approved.text': 'Zurück zum Terminal. Der Schlüssel gilt 90 Tage; godwit keys list zeigt deine Schlüssel.',
  'connect.denied': 'Abgelehnt',
  'connect.denied.text': 'Die Kommandozeile bekommt keinen Schlüssel.',
  'connect.over': 'Unter diesem Code wartet nichts',
  'connect.over.text': 'Er wurde schon beantwortet, es ist zu viel Zeit vergangen, oder der Code ist unvollständig. Rufe godwit login noch einmal auf.',
  'connect.admin': 'Das ist für Benutzer. Einen Admin-Schlüssel bekommt die Kommandozeile mit godwit login --key -.',
};
