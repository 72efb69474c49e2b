/** The API's own words, under short names. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type OwnNumber = Schemas["Number"];
export type Conversation = Schemas["Conversation"];
export type Conversations = Schemas["Conversations"];
export type Message = Schemas["Message"];
export type Messages = Schemas["Messages"];
export type MessageWithJourney = Schemas["MessageWithJourney"];
export type State = Message["state"];
export type ApiEvent = Schemas["Event"];
export type Changes = Schemas["Changes"];
export type Contact = Schemas["Contact"];
export type NewMessage = Schemas["NewMessage"];
export type AdminNumber = Schemas["AdminNumber"];
export type NumberPut = Schemas["NumberPut"];
export type BulkResult = Schemas["BulkResult"];
export type QuarantinedPost = Schemas["QuarantinedPost"];
export type Replayed = Schemas["Replayed"];
export type OptOut = Schemas["OptOut"];
export type Health = Schemas["Health"];
export type Problem = Schemas["Problem"];
