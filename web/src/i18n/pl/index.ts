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
import type { Catalogue } from '../texts';

export const pl: Catalogue = { ...webhooks, ...wizard, ...admin, ...connect, ...deeds, ...faults, ...help, ...play, ...types, ...verify };
