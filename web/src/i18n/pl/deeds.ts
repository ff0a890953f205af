import type { deeds as english } from '../en/deeds';
import type { Part } from '../texts';

export const deeds: Part<typeof english> = {
  'who.you': 'Ty',
  'who.admin': 'administrator',
  'who.godwit': 'sam Godwit',
  'deed.cancelled': 'Anulowano; kto: {who}',
  'deed.cancelled.nobody': 'Anulowano',
  'deed.again': 'Wysłano ponownie; kto: {who}',
  'deed.again.nobody': 'Wysłano ponownie',
  'deed.newer': 'Do nowszego dostarczenia',

  deleted: 'Usunięty',
  'deleted.by': 'Usunięto; kto: {who}',
  'deleted.text': 'To, co jeszcze czekało, anulowano i nic więcej nie zostanie wysłane. Webhooka nie można przywrócić.',
  'deleted.kept': 'Jego dostarczenia można czytać tak długo, jak przechowywane są zdarzenia.',
  'deleted.none': 'Nie ma dostarczeń albo nie są już przechowywane.',

  'enable.missed': 'To, co ominięto',
  'enable.again': {
    one: 'Wyślij ponownie {n} zdarzenie, które nie dotarło w ciągu ostatnich 24 godzin',
    few: 'Wyślij ponownie {n} zdarzenia, które nie dotarły w ciągu ostatnich 24 godzin',
    many: 'Wyślij ponownie {n} zdarzeń, które nie dotarły w ciągu ostatnich 24 godzin',
    other: 'Wyślij ponownie {n} zdarzenia, które nie dotarły w ciągu ostatnich 24 godzin',
  },
  'enable.left': 'To, co nie jest zaznaczone, zostaje bez zmian. Możesz to wysłać później na stronie tego webhooka.',
  'enable.again.failed': 'Webhook jest włączony, ale nie udało się ponownie wysłać tego, co nie dotarło. Spróbuj na stronie tego webhooka.',

  'secret.full': 'Wcześniejszych kluczy jest już tyle, ile może być. Pierwszy z nich wygaśnie {until}.',
  'secret.full.next': 'Utwórz nowy po tym czasie. Albo wybierz „Wcale”: to od razu kończy wszystkie wcześniejsze klucze.',
  'secret.full.left': 'Miejsce będzie za',

  'mark.changed': 'Zmieniono. Wcześniej: {value}',
  'mark.hidden': 'Zmieniono',
  'mark.nothing': 'nic',
  'settings.part': 'Zapisz tę część',
  'stale.you': 'Zmieniono to przez Ciebie w innym oknie',
  'stale.by': 'Zmieniono; kto: {who}',
  'stale.each': 'Wybierz dla każdego ustawienia. Do zapisania nic nie przepada.',
  'stale.which': '{name}: które?',
  'stale.save': 'Zapisz ten wybór',
  'stale.only_theirs': 'zostaje jak zmieniono',

  'setting.headers': 'Nagłówki',
  'earlier.show': 'Wcześniejsze',
  'earlier.hide': 'Ukryj wcześniejsze',
  'filters.superseded': 'Także każde wcześniejsze dostarczenie osobno',

  people: { one: '{n} osoba', few: '{n} osoby', many: '{n} osób', other: '{n} osoby' },
  'people.most': { one: '{n} osoba lub więcej', few: '{n} osoby lub więcej', many: '{n} osób lub więcej', other: '{n} osoby lub więcej' },
  'companies.show': 'Projekty i osoby',
  'companies.of': '{name}: projekty i osoby',
  'members.show': 'Kto?',
  'members.none': 'Nikt nie jest członkiem.',

  'admin.metrics': 'Metryki i to, o czym ostrzegać',
  'remedy.title': 'Czego brakuje i jak to naprawić',
  'remedy.migrate': 'Uruchom to, aby doprowadzić bazę danych do wersji, której potrzebuje Godwit:',
  'remedy.database': 'Uruchom to, aby sprawdzić, czy baza danych odpowiada:',
  'remedy.standby': 'Uruchom to, aby sprawdzić, czy baza danych jest kopią, która nie przyjmuje zmian:',
  'remedy.temporal': 'Uruchom to, aby sprawdzić, czy Temporal odpowiada:',
  'remedy.requests': 'Uruchom to tam, gdzie jest baza danych, aby sprawdzić, czy jej dysk jest pełny:',
  'remedy.other': 'Uruchom to tam, gdzie działa Godwit, aby sprawdzić, na co czeka:',
  'remedy.retention': 'Stare wiersze nie są usuwane. Próba powtórzy się sama; uruchom to, aby zobaczyć, co robi baza danych:',
  'remedy.none': 'Wszystkie części działają.',
};
