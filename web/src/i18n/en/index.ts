import { admin } from './admin';
import { connect } from './connect';
import { deeds } from './deeds';
import { faults } from './faults';
import { help } from './help';
import { play } from './play';
import { types } from './types';
import { verify } from './verify';
import { webhooks } from './webhooks';
import { wizard } from './wizard';

// The English texts. They are the type of the others: what is missing there, the
// compiler finds.
export const en = { ...webhooks, ...wizard, ...admin, ...connect, ...deeds, ...faults, ...help, ...play, ...types, ...verify };
