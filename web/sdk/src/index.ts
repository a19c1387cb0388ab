// The Heliograph SDK: join a room, publish, show the others.

export { captureCamera, captureMicrophone, type CaptureOptions } from './capture.js';
export { connect, type ConnectOptions } from './connect.js';
export { HeliographError, type ClientCode } from './errors.js';
export type { AnyParticipant, RoomEvents, RoomMessage } from './events.js';
export type { LocalParticipant, LocalPublishOptions, PublishSource } from './local.js';
export type { LocalPublication, PublishOptions } from './localpublication.js';
export type { RoomState } from './membership.js';
export type { RemoteParticipant, RemotePublication } from './participant.js';
export type { EncodingOffer, FeedbackKind, GrantReason, Kind, Network, SlotGrant, SlotReason, Source } from './protocol.js';
export type { Room } from './room.js';
export type { ShowState } from './slots.js';
export type { Granted, LocalStats, PathStats, RoomStats, TileStats } from './stats.js';
export type { AttachOptions } from './tile.js';
