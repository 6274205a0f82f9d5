/** Values of a plan as keys of texts. */

import type { Brush, Mode, ProfileName, RowName } from './week';

export const DAY_TEXT = {
  monday: 'plans.day.monday',
  tuesday: 'plans.day.tuesday',
  wednesday: 'plans.day.wednesday',
  thursday: 'plans.day.thursday',
  friday: 'plans.day.friday',
  saturday: 'plans.day.saturday',
  sunday: 'plans.day.sunday',
  holiday: 'plans.day.holiday',
} as const satisfies Record<RowName, string>;

export const MODE_TEXT = { always: 'plans.mode.always', week: 'plans.mode.week', event: 'plans.mode.event', never: 'plans.mode.never' } as const satisfies Record<Mode, string>;

export const MODE_MEANS = { always: 'plans.mode_text.always', week: 'plans.mode_text.week', event: 'plans.mode_text.event', never: 'plans.mode_text.never' } as const satisfies Record<Mode, string>;

export const KIND_TEXT = { continuous: 'plans.kind.continuous', event: 'plans.kind.event', none: 'plans.kind.none' } as const satisfies Record<NonNullable<Brush> | 'none', string>;

export const SHORT_TEXT = { main: 'plans.short.main', sub: 'plans.short.sub' } as const satisfies Record<ProfileName, string>;
