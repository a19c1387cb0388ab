// Code generated from api/signaling/v1 by go generate ./web; DO NOT EDIT.
// The types of heliograph.v1+json.

/** What a publication shows or sounds; a participant has at most one publication of each. */
export type Source = "camera" | "microphone" | "screen" | "screen_audio";

/** The media kind of a publication or m-line. */
export type Kind = "audio" | "video";

/** What the server may map onto a slot: audio and video slots are remapped freely, a screen slot carries screens (or, on an audio m-line, their sound), a pinned slot keeps the publication that a view gave it. */
export type SlotKind = "audio" | "video" | "screen" | "pinned";

/** What a slot shows now: idle names no publication; paused is mapped, but nothing is sent, and the reason says why; switching waits for the first keyframe of the source. */
export type SlotState = "idle" | "live" | "paused" | "switching";

/** Why a slot is paused: muted is that the publisher sends nothing, bandwidth that the participant's path does not carry it now. */
export type SlotReason = "muted" | "bandwidth";

/** What the server hears of the packets that arrive: none is nothing yet, or it is overdue; transport-cc and ccfb (RFC 8888) tell when each arrived; reports are receiver reports and REMB, which make the estimate a guess. */
export type FeedbackKind = "none" | "transport-cc" | "ccfb" | "reports";

/** Why a slot gets what it gets, and not more: demand is all that it has a use for; with budget more does not fit; with hysteresis more would fit, but that has to last first; with probe a probe for more has failed; paused is not enough for any video. */
export type GrantReason = "demand" | "budget" | "hysteresis" | "probe" | "paused";

/** What of a publication is sent on a slot. */
export interface SlotGrant {
  /** The mid of the m-line. */
  mid: string;
  /** The spatial layer, or of simulcast the encoding, the smallest is 0; -1: nothing is sent. */
  spatial: number;
  /** The highest temporal layer; -1: nothing is sent. */
  temporal: number;
  why: GrantReason;
}

/** A codec by its short name: opus, pcmu, pcma, vp8, vp9, h264, h265, av1. */
export type Codec = string;

/** One receive m-line of an offer, declared as a slot. Every m-line that receives must be declared. */
export interface SlotOffer {
  /** The mid of the m-line. */
  mid: string;
  kind: SlotKind;
  /** A video slot made for one codec; else the room's primary one. */
  codec?: Codec;
  /** Slots of one group share a stream id (lip sync) and carry one participant. */
  group?: string;
}

/** One simulcast encoding; encodings are listed from the smallest to the largest. */
export interface EncodingOffer {
  /** The RID of the encoding (RFC 8851). */
  rid: string;
  /** Pixels. */
  width?: number;
  /** Pixels. */
  height?: number;
  /** Bit/s. */
  maxBitrate?: number;
}

/** One send m-line of an offer, declared as a publication. */
export interface PublicationOffer {
  /** Chosen by the client, names the publication in the answer. */
  cid: string;
  source: Source;
  kind: Kind;
  /** The mid of the m-line. */
  mid: string;
  /** The source sends nothing for now. */
  muted?: boolean;
  /** Pixels of the largest encoding. */
  width?: number;
  /** Pixels of the largest encoding. */
  height?: number;
  /** The simulcast encodings, from the smallest to the largest. */
  encodings?: EncodingOffer[];
  /** What the client can send, best first; the offer decides, but what hello offers in another codec than the room's is not made if the room's is listed. */
  codecs?: string[];
}

/** An SDP offer with the meaning of its m-lines. */
export interface Offer {
  /** Grows with each offer of a session; the answer echoes it. */
  rev: number;
  /** The SDP offer. */
  sdp: string;
  /** The receive m-lines. */
  slots?: SlotOffer[];
}

/** The SDP answer to the offer with the same rev. */
export interface Answer {
  /** The rev of the offer. */
  rev: number;
  /** The SDP answer. */
  sdp: string;
}

/** The room log that r counts in. */
export interface Log {
  /** Node and epoch; a resume that names another log gets a snapshot. */
  id: string;
  /** The newest r that the welcome already contains. */
  r: number;
}

/** How often to ping and when to give a silent websocket up. */
export interface KeepaliveTimes {
  /** Milliseconds between two ping requests. */
  pingMs: number;
  /** Milliseconds without any message after which the websocket is dead. */
  deadMs: number;
}

/** One STUN or TURN server, in the shape that RTCPeerConnection takes. */
export interface ICEServer {
  /** The server's URLs. */
  urls: string[];
  /** The TURN user name. */
  username?: string;
  /** The TURN password. */
  credential?: string;
}

/** A track that a participant offers to the room. */
export interface Publication {
  /** Made by the server. */
  id: string;
  /** The participant's id. */
  participant: string;
  source: Source;
  kind: Kind;
  codec: Codec;
  /** The source sends nothing for now. */
  muted?: boolean;
  /** Pixels of the largest encoding. */
  width?: number;
  /** Pixels of the largest encoding. */
  height?: number;
  /** The simulcast encodings, from the smallest to the largest. */
  encodings?: EncodingOffer[];
}

/** One joined identity in the room. */
export interface Participant {
  /** Made by the server, new with each join. */
  id: string;
  /** The identity from the token. */
  identity: string;
  /** The name to show. */
  name?: string;
  /** Application data from the token. */
  attributes?: Record<string, string>;
  /** What the participant publishes now. */
  publications: Publication[];
}

/** A publication that the server made of a publication offer. */
export interface Published {
  /** The client's name for it. */
  cid: string;
  /** The server's id for it. */
  publication: string;
  /** The mid of its m-line. */
  mid: string;
}

/** The mapping of one receive m-line. */
export interface Slot {
  /** The mid of the m-line. */
  mid: string;
  kind: SlotKind;
  state: SlotState;
  /** Only of a paused one. */
  reason?: SlotReason;
  codec?: Codec;
  /** The publication's id. */
  publication?: string;
  /** The participant's id. */
  participant?: string;
  source?: Source;
  /** The contributing source (RFC 3550, 5.1) that each packet of the publication carries on this slot. */
  csrc?: number;
}

/** How publications are mapped to slots now: always all slots. */
export interface Slots {
  /** Grows with each change. */
  rev: number;
  /** All slots. */
  slots: Slot[];
}

/** Further m-lines of one kind. A screen slot stands for a pair in one group: one video and one audio m-line. */
export interface SlotWanted {
  kind: SlotKind;
  codec?: Codec;
  /** How many. */
  count: number;
}

/** One publication, or a participant's camera, at a displayed size. */
export interface ViewItem {
  /** The publication's id. */
  publication?: string;
  /** Stands for the participant's camera. */
  participant?: string;
  /** The mid of the slot to use if that is possible. */
  slot?: string;
  /** Device pixels of the tile; 0: the largest. */
  width?: number;
  /** Device pixels of the tile; 0: the largest. */
  height?: number;
  /** Frames per second wanted; 0: all. */
  fps?: number;
  /** Higher is more important. */
  priority?: number;
}

/** One participant that speaks. */
export interface Speaker {
  /** The participant's id. */
  participant: string;
  /** 0 is silence, 1 the loudest that RFC 6464 can say. */
  level: number;
}

/** Whether one encoding is to be sent. */
export interface EncodingState {
  /** The RID of the encoding; left out for the only encoding of a publication without simulcast. */
  rid?: string;
  /** False: nobody gets it, it is not to be sent. */
  active: boolean;
}

/** One row of the error table. */
export interface Err {
  /** A code of the error table. */
  code: string;
  /** A sentence for a developer. */
  msg: string;
  /** The same may succeed later. */
  retry: boolean;
  /** Not before so many milliseconds. */
  retryAfterMs?: number;
}

/** A room event has r, an event of one session has s, an ephemeral one has neither. */
export interface Event {
  /** The type. */
  t: string;
  /** Counts in the room log. */
  r?: number;
  /** Counts in the session. */
  s?: number;
  /** The data, by type. */
  d?: unknown;
}

/** Answered by welcome. A hello longer than 8 KiB must start with its token: the rest is read only after it was verified. */
export interface Hello {
  /** The access token, a JWT. */
  token: string;
  /** The room to join; needed where the token names a pattern of rooms. */
  room?: string;
  /** Name and version of the client's software. */
  client?: string;
  /** Features and further codecs: codec:h264, slots:pinned, dynacast. */
  caps?: string[];
  /** May be left out and sent later. */
  offer?: Offer;
  /** What to publish at once; needs the offer. */
  publications?: PublicationOffer[];
}

/** Answered by ok without data; then the server closes the websocket with code 1000. */
export interface Leave {
}

/** Without to it goes to everybody in the room as a room event; with to it is a session event of each receiver. As a request it is answered by ok without data. */
export interface Message {
  /** Chosen by the application. */
  topic?: string;
  /** The ids of the participants that receive it. */
  to?: string[];
  /** The sender; set by the server. */
  from?: string;
  /** Unix time in milliseconds; set by the server. */
  at?: number;
  /** Any JSON value, at most 16 KiB. */
  body: unknown;
}

/** Ephemeral: the latest value counts. It comes every 2 s while the figures change (every 10 s to who lacks nothing), and within 500 ms when limited, feedback or a grant has changed. */
export interface Network {
  /** Bit/s that the path is taken to carry. */
  estimate: number;
  /** Bit/s that are sent, with the headers of the network. */
  sending: number;
  /** The round-trip time of the media path in milliseconds; left out while it is not known. */
  rttMs?: number;
  /** The share of the packets that were lost lately, 0 to 1. */
  loss: number;
  /** A slot would get more if the path carried more. */
  limited: boolean;
  feedback: FeedbackKind;
  /** Of the video slots that carry a publication which is not muted. */
  slots: SlotGrant[];
}

/** The answer. */
export interface OfferOk {
  answer: Answer;
}

/** A session event. */
export interface OfferWanted {
  /** slots: more slots are needed; ice: new ICE credentials are needed. */
  reason: "slots" | "ice";
  /** The m-lines to add. */
  slots?: SlotWanted[];
}

/** A room event. */
export interface ParticipantJoined {
  participant: Participant;
}

/** A room event: the participant is gone, with all its publications. */
export interface ParticipantLeft {
  /** The participant's id. */
  participant: string;
  /** Why. */
  reason: "left" | "lost" | "replaced" | "closed";
}

/** Answered by ok with ping.ok. */
export interface Ping {
  /** Any number; the response gives it back. */
  n: number;
}

/** The ping's number. */
export interface PingOk {
  /** The number of the ping. */
  n: number;
}

/** A room event. */
export interface PublicationAdded {
  publication: Publication;
}

/** A session event to the publisher, if its hello has the cap dynacast; only the latest one of a publication counts. An encoding that is not active is not to be sent: nobody gets it. It is to begin with a keyframe when it is active again. */
export interface PublicationEncodings {
  /** The publication's id. */
  publication: string;
  /** All encodings, from the smallest to the largest. */
  encodings: EncodingState[];
}

/** A room event. */
export interface PublicationRemoved {
  /** The publication's id. */
  publication: string;
  /** The participant's id. */
  participant: string;
}

/** Answered by ok without data. */
export interface PublicationUpdate {
  /** The publication's id. */
  publication: string;
  /** The new state; left out: unchanged. */
  muted?: boolean;
}

/** A room event. */
export interface PublicationUpdated {
  publication: Publication;
}

/** The offer is in the same request: one round trip. Answered by ok with publish.ok. */
export type Publish = PublicationOffer & Offer;

/** The publication and the answer. */
export interface PublishOk extends Published {
  answer: Answer;
}

/** Each request gets exactly one response. */
export interface Request {
  /** The type. */
  t: string;
  /** Grows with each request of a session. */
  id: number;
  /** The data, by type. */
  d?: unknown;
  /** [r, s]: the newest room and session event seen. */
  a?: number[];
}

/** The data of ok are in <request type>.ok.json. */
export interface Response {
  /** welcome is the response to hello. */
  t: "ok" | "err" | "welcome";
  /** The id of the request; 0 in an err that answers no request. */
  re: number;
  /** The data, by type. */
  d?: unknown;
}

/** A session event, the last one before the close frame. */
export interface SessionClosing {
  /** The close code. */
  code: number;
  /** A sentence for a developer. */
  reason: string;
}

/** Ephemeral: the latest value counts. */
export interface Speakers {
  /** Loudest first. */
  speakers: Speaker[];
}

/** Idempotent: an unknown publication is not an error. Answered by ok without data. */
export interface Unpublish {
  /** The publication's id. */
  publication: string;
}

/** Replaces the view before. Answered by ok with view.ok. */
export interface View {
  /** Grows with each view of a session. */
  rev: number;
  /** In falling order of importance where the priority is equal. */
  items: ViewItem[];
}

/** The view was taken. */
export interface ViewOk {
  /** The rev of the view. */
  rev: number;
}

/** All that a client needs to show the room. */
export interface Welcome {
  /** The session's id. */
  session: string;
  /** The id of this participant. */
  participant: string;
  /** The room that was joined. */
  room: string;
  log: Log;
  /** The server's features. */
  caps?: string[];
  /** The room's primary video codec. */
  codec: Codec;
  /** For RTCPeerConnection. */
  iceServers?: ICEServer[];
  /** To the offer in hello. */
  answer?: Answer;
  /** This participant's own, from hello. */
  publications?: Published[];
  /** All in the room, this one included. */
  participants: Participant[];
  slots?: Slots;
  keepalive: KeepaliveTimes;
}
