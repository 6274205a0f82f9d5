/** The values of the node's API that the console reads: the generated ones, under the names used here. */

import type { Camera, Profile } from '@/client/types.gen';

export type { Camera, CameraIn, CameraPatch, CameraTimeline, Fact, Holiday, Me, Probe, Profile, RecordedEvent, RecordPlan, RecordPlanIn, Region, WallView, WallViewIn, Rule as PlanRule } from '@/client/types.gen';
export type CameraState = Camera['state'];
export type Transport = Profile['transport'];
/** `always`, `never`, `event`, or the id of a record plan. */
export type RecordChoice = Camera['record'];
