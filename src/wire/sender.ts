/**
 * Who says a message: its sender's id, and where a receiver must know it the role, stand in the subject, where a
 * broker checks them against the sender's key. Here they are put into it, and compared with what the message says.
 */
import type { BusClient } from './bus-role.js';
import type { Message, MessageName } from './messages.js';
import type { Subjects } from './subjects.js';
import { subjectOf } from './subjects.js';

/** Where the messages of one client go; strings are made once, as they are used with every chunk of a gradient. */
export class OwnSubjects {
  private readonly known = new Map<string, string>();

  constructor(
    private readonly subjects: Subjects,
    private readonly client: BusClient,
  ) {}

  /** `to`: as for `subjectOf`. Errors: RangeError when it does not fit the message. */
  of(name: MessageName, to: string | null): string {
    const key = to === null ? name : `${name} ${to}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const heard = subjectOf(this.subjects, name, to);
    // The subject of an answer is used once.
    if (heard === to) return heard;
    const own = fromClient(heard, this.client);
    this.known.set(key, own);
    return own;
  }
}

/** The subject of one client, of those that are listened to as `heard`. */
export function fromClient(heard: string, { role, id }: BusClient): string {
  if (heard.endsWith('.*.*')) return `${heard.slice(0, -'*.*'.length)}${role}.${id}`;
  return heard.endsWith('.*') ? `${heard.slice(0, -'*'.length)}${id}` : heard;
}

/** What a message says of its sender, as the end of its subject; names that are missing here say nothing. */
const claims: { readonly [Name in MessageName]?: (message: Message<Name>) => string } = {
  Hello: ({ role, id }) => `.${role}.${id}`,
  Heartbeat: ({ role, id }) => `.${role}.${id}`,
  Leave: ({ id }) => `.${id}`,
  EpochReady: ({ id }) => `.${id}`,
  GradientChunk: ({ owner }) => `.${owner}`,
  Credit: ({ from }) => `.${from}`,
  ChunkRequest: ({ from }) => `.${from}`,
  StateRequest: ({ from }) => `.${from}`,
  StateChunk: ({ from }) => `.${from}`,
  SlotsHeld: ({ id }) => `.${id}`,
  EpochTrained: ({ id }) => `.${id}`,
  EvaluationResult: ({ worker }) => `.${worker}`,
  ObjectiveHello: ({ name }) => `.${name}`,
  ObjectiveLeave: ({ name }) => `.${name}`,
  DeadLetter: ({ by }) => `.${by}`,
  MeasureResult: ({ name }) => `.${name}`,
};

/** Whether the sender is who the message says it is: by the subject that the broker let it use. */
export function isFromItsSender<Name extends MessageName>(
  name: Name,
  message: Message<Name>,
  subject: string,
): boolean {
  const claim = claims[name] as ((message: Message<Name>) => string) | undefined;
  return claim === undefined || subject.endsWith(claim(message));
}

/**
 * Whether an answer to `reply` reaches who asked and nobody else: a question may name any subject, also one that
 * only the answerer may use.
 */
export function isInboxOfSender(name: MessageName, reply: string, subject: string): boolean {
  const [inbox, , id, ...rest] = reply.split('.');
  if (inbox !== '_INBOX') return false;
  return claims[name] === undefined || (rest.length > 0 && subject.endsWith(`.${id}`));
}
