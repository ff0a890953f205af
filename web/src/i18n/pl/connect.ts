import type { connect as english } from '../en/connect';
import type { Part } from '../texts';

export const connect: Part<typeof english> = {
  connect: 'Dopuść wiersz poleceń',
  'connect.text': 'Program w wierszu poleceń chce działać w twoim imieniu. Czy to kod z twojego własnego terminala?',
  'connect.code': 'Kod',
  'connect.name': 'Program',
  'connect.address': 'Wywołanie z',
  'connect.until': 'Czeka do',
  'connect.warning': 'Zgódź się tylko wtedy, gdy przed chwilą zaczęto to na twoim komputerze: kto za tym stoi, zobaczy i zmieni to, co możesz zobaczyć i zmienić ty.',
  'connect.yes': 'Tak, dopuść',
  'connect.no': 'Nie, odrzuć',
  'connect.approved': 'Dopuszczono',
  'connect.approved.text': 'Możesz wrócić do terminala. Klucz jest ważny 90 dni; godwit keys list pokazuje twoje klucze.',
  'connect.denied': 'Odrzucono',
  'connect.denied.text': 'Wiersz poleceń nie dostanie klucza.',
  'connect.over': 'Pod tym kodem nic nie czeka',
  'connect.over.text': 'Odpowiedź już padła, minęło zbyt dużo czasu albo kod jest niepełny. Uruchom godwit login jeszcze raz.',
  'connect.admin': 'To jest dla użytkowników. Klucz administratora dostaje wiersz poleceń przez godwit login --key -.',
};
