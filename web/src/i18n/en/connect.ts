import type { Texts } from '../texts';

// The page on which a person lets a command line in.
export const connect = {
  connect: 'Let a command line in',
  'connect.text': 'A program on the command line wants to act as you. Is this the code in your own terminal?',
  'connect.code': 'Code',
  'connect.name': 'Program',
  'connect.address': 'Called from',
  'connect.until': 'Waits until',
  'connect.warning': 'Say yes only if you began this yourself a moment ago: whoever is behind it sees and changes what you may see and change.',
  'connect.yes': 'Yes, let it in',
  'connect.no': 'No, refuse it',
  'connect.approved': 'It is let in',
  'connect.approved.text': 'You can go back to the terminal. The key is valid for 90 days; godwit keys list shows your keys.',
  'connect.denied': 'It is refused',
  'connect.denied.text': 'The command line gets no key.',
  'connect.over': 'Nothing waits under this code',
  'connect.over.text': 'It was answered before, too much time has passed, or the code is not complete. Run godwit login once more.',
  'connect.admin': 'This is for users. Give the command line an administrator’s key by godwit login --key -.',
} satisfies Texts;
