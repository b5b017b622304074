import type { ProductFixture } from '@inevitable/kit/testing';

const fixture: ProductFixture = {
  async fill(product, caller) {
    const { errors } = await caller.query('mutation { createNote(input: { text: "three small words" }) { id } }');
    if (errors) throw errors[0]!;
    await product.jobs.settled('starter.count-words');
  },
  payloads: {
    'starter.count-words': async (product, caller) => {
      const { rows } = await product.database
        .forTenant(caller.context.tenant!.id)
        .statement({ text: 'select id from notes limit 1' });
      return { noteId: rows[0]!.id as string };
    },
  },
};

export default fixture;
