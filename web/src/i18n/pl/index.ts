import { admin } from './admin';
import { connect } from './connect';
import { faults } from './faults';
import { play } from './play';
import { webhooks } from './webhooks';
import { wizard } from './wizard';
import type { Catalogue } from '../texts';

export const pl: Catalogue = { ...webhooks, ...wizard, ...admin, ...connect, ...faults, ...play };
