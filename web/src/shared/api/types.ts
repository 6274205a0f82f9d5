/** The values of the node's API that the console reads: the generated ones, under the names used here. */

import type { Camera, Profile } from '@/client/types.gen';

export type { Camera, CameraIn, CameraPatch, CameraTimeline, Fact, Me, Probe, Profile, Region } from '@/client/types.gen';
export type CameraState = Camera['state'];
export type Transport = Profile['transport'];
export type RecordPlan = Camera['record'];
