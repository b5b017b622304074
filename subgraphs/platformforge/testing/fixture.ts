import type { ProductFixture, TestCaller, TestSubgraph } from '@inevitable/kit/testing';
import { tenantWork } from '@inevitable/kit/host';
import { packTemplateArchive } from '../rendering/pack-template-archive.js';
import { templateContent } from '../rendering/template-content.js';
import { uploadedManifest } from '../rendering/template-manifest.js';
import { measureUsage } from '../jobs/measure-usage.js';

/** More than an hour, so that one is over that can be measured. */
const OVER_AN_HOUR_SECONDS = 7_200;

const fixture: ProductFixture = {
  async fill(product, caller) {
    await uploadTemplate(caller);
    await ask(caller, 'mutation { updatePlatformSettings(input: { keepDays: 60 }) { keepDays } }');
    const GENERATE = 'mutation { generatePlatform(input: { name: "Greetings", template: "greeting" }) { id } }';
    const { id } = (await ask(caller, GENERATE))['generatePlatform'] as { id: string };
    await product.jobs.settled('platformforge.generate');
    const { status, failureReason } = (await ask(caller, `{ platform(id: "${id}") { status failureReason } }`))[
      'platform'
    ] as { status: string; failureReason: string | null };
    if (status !== 'READY') throw new Error(`The platform is ${status}: ${failureReason}`);

    await product.clock.advance({ seconds: OVER_AN_HOUR_SECONDS });
    await product.database.transaction(caller.context.tenant!.id, (handle) =>
      tenantWork(handle, caller.context, []).jobs.enqueue(measureUsage, {}),
    );
    await product.jobs.settled('platformforge.measure-usage');
  },
  payloads: {
    'platformforge.generate': async (product, caller) => {
      const { rows } = await rowsOf(product, caller, 'select id, platform_id from generations limit 1');
      return { generationId: rows[0]!.id as string, platformId: rows[0]!.platform_id as string };
    },
  },
  plainLists: {
    'Query.platformTemplates': "The stack's own are a handful, and a tenant has at most 100.",
    'Query.platformForgeHealth': 'Whoever asks says how many, 1,000 at most.',
    'Tenant.platformUsage': 'Whoever asks says how many hours back, 2,160 at most.',
  },
};

/** One of the tenant's own, so that nothing here waits for a template of the stack to be what it was. */
async function uploadTemplate(caller: TestCaller): Promise<void> {
  const manifest = uploadedManifest.parse({
    name: 'greeting',
    title: 'Greeting',
    description: 'Says hello to whoever reads it.',
    parameters: { type: 'object' },
  });
  const bytes = Buffer.from('Hello {{ platform.name | json }}\n');
  const archive = await packTemplateArchive(
    templateContent(manifest, [{ path: 'hello.txt.liquid', bytes, executable: false }]),
  );
  const response = await caller.fetch('/platformforge/templates', { method: 'POST', body: Buffer.from(archive) });
  if (response.status !== 201) throw new Error(`The template was refused: ${await response.text()}`);
}

async function ask(caller: TestCaller, query: string): Promise<Record<string, unknown>> {
  const { data, errors } = await caller.query(query);
  if (errors) throw errors[0]!;
  return data!;
}

const rowsOf = (product: TestSubgraph, caller: TestCaller, text: string) =>
  product.database.forTenant(caller.context.tenant!.id).statement({ text });

export default fixture;
