import { beforeAll, describe, expect, it } from '@jest/globals';
import { until, type Session, type TestStack } from '../support/test-stack.js';

export function describeAudit(running: () => TestStack): void {
  let stack: TestStack;
  let ada: Session;
  let gus: Session;
  beforeAll(async () => {
    stack = running();
    [ada, gus] = await Promise.all([stack.signIn('ada@acme.test'), stack.signIn('gus@globex.test')]);
  });

  const EVENTS = `{ viewer { user { id } tenant { auditEvents(first: 100) {
    nodes { action outcome actor { kind actorId } request subjects { type subjectId } personal }
  } } } }`;

  interface Answer {
    readonly user: { readonly id: string };
    readonly tenant: {
      readonly auditEvents: { readonly nodes: readonly { readonly subjects: readonly { subjectId: string }[] }[] };
    };
  }

  async function eventsAbout(id: string, asked: Session) {
    const { user, tenant } = (await asked.query(EVENTS)).body.data!['viewer'] as Answer;
    const events = tenant.auditEvents.nodes.filter(({ subjects }) =>
      subjects.some(({ subjectId }) => subjectId === id),
    );
    return { userId: user.id, events };
  }

  describe('The audit of a tenant', () => {
    it('has what a product did for somebody soon after, with who it was and from where, and another tenant has not', async () => {
      const { body } = await ada.query('mutation { createNote(input: { text: "for the record" }) { id } }');
      const { id } = body.data!['createNote'] as { id: string };
      await until('the note is in the audit', async () => (await eventsAbout(id, ada)).events.length > 0);
      const { userId, events } = await eventsAbout(id, ada);
      expect(events).toEqual([
        {
          action: 'starter.createNote',
          outcome: 'SUCCESS',
          actor: { kind: 'USER', actorId: userId },
          request: expect.any(String),
          subjects: [{ type: 'note', subjectId: id }],
          personal: expect.objectContaining({ address: expect.any(String) }),
        },
      ]);
      expect((await eventsAbout(id, gus)).events).toEqual([]);
    });
  });
}
