import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { userOf } from '@inevitable/contract';
import type { ProductFixture } from '@inevitable/kit/testing';
import type { GraphQLSchema } from 'graphql';
import { hostForContract, type UnderContract } from './host-for-contract.js';
import { judgeAudit } from './judge-audit.js';
import { judgeClosedEntities, judgeClosedFields, judgeExcuses } from './judge-closed-fields.js';
import { judgeComposition } from './judge-composition.js';
import { judgeDeclaration, judgeModule } from './judge-declaration.js';
import { judgeFiles } from './judge-files.js';
import { judgeHelp } from './judge-help.js';
import { judgeJobs, judgeRestart } from './judge-jobs.js';
import { judgeMigrations } from './judge-migrations.js';
import { judgeModels } from './judge-models.js';
import { judgeSchema } from './judge-schema.js';
import { judgeStrangers } from './judge-strangers.js';
import { judgeTables } from './judge-tables.js';
import { judgeErasure, judgeExport } from './judge-tenant-data.js';
import { productSchema } from './product-schema.js';
import { fixtureOf, hasFixture, schemaSources, stackProducts } from './stack-products.js';

/** Nothing here names a product: whatever supergraph.yaml lists is held to this. Every judge answers sentences. */
const products = await stackProducts();

describe.each(products)('The product "$name"', ({ name, folder, module, declaration }) => {
  const fileOf = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');

  describe('loads', () => {
    it('as the frozen declaration that supergraph.yaml names, and somebody answers for it', () => {
      expect(judgeModule(name, module)).toEqual([]);
    });

    it('with the very schema that supergraph.yaml composes', async () => {
      expect(await readFile(declaration.schema, 'utf8')).toBe(await fileOf('schema.graphql'));
    });
  });

  describe('declares', () => {
    it('permissions, features, jobs, events and commands by its own name, each with a description', () => {
      expect(judgeDeclaration(declaration)).toEqual([]);
    });

    it('a schema in which everything is described, every mutation takes one input, and every list has pages', async () => {
      const plainLists = hasFixture({ folder }) ? (await fixtureOf({ name, folder })).plainLists : {};
      expect(judgeSchema(await fileOf('schema.graphql'), plainLists)).toEqual([]);
    });
  });

  it('composes, alone with core-identity and operations and with every other product', async () => {
    expect(judgeComposition(name, await schemaSources())).toEqual([]);
  });

  it('migrates from nothing, once though two start at the same time, and not again', async () => {
    expect(await judgeMigrations(declaration)).toEqual([]);
  });

  it('has help for each of its commands', async () => {
    expect(await judgeHelp(declaration)).toEqual([]);
  });

  it('has a fixture that fills one tenant', async () => {
    expect(await fixtureOf({ name, folder })).toMatchObject({ fill: expect.any(Function) });
  });

  // Without a fixture the test above has failed, and says what to write.
  (hasFixture({ folder }) ? describe : describe.skip)('with the rows and files of one tenant', () => {
    let fixture: ProductFixture;
    let schema: GraphQLSchema;
    let under: UnderContract;
    beforeAll(async () => {
      fixture = await fixtureOf({ name, folder });
      schema = productSchema(declaration);
      under = await hostForContract(declaration);
      await fixture.fill(under.product, under.owner);
    });
    afterAll(() => under?.product.close());

    it('runs each of its jobs: they succeed or have nothing to do, none is dead, and every schedule comes due', async () => {
      expect(await judgeJobs({ product: under.product, caller: under.owner, declaration, fixture })).toEqual([]);
    });

    it('does after a restart of its worker what was asked for meanwhile', async () => {
      expect(await judgeRestart({ product: under.product, caller: under.owner, declaration, fixture })).toEqual([]);
    });

    it('leaves one record of each mutation for the audit, done or refused, and none of one that fails by a fault of ours', async () => {
      expect(await judgeAudit(under.product, declaration, schema, under.owner.context)).toEqual([]);
    });

    describe('and no worker that could change them', () => {
      beforeAll(() => under.product.jobs.stop());

      it('refuses the anonymous in every root field, subscription and entity that is not public', async () => {
        const anonymous = under.product.anonymous();
        const { publicFields = [] } = declaration;
        expect(await judgeClosedFields(anonymous, schema, { as: 'UNAUTHENTICATED', but: publicFields })).toEqual([]);
        expect(await judgeClosedEntities(anonymous, schema, publicFields)).toEqual([]);
      });

      it('asks for a permission in every root field and subscription that its fixture does not excuse', async () => {
        const powerless = under.product.as({ tenant: 'acme', user: 'ada', may: [] });
        const { openToMembers = {} } = fixture;
        const but = [...(declaration.publicFields ?? []), ...Object.keys(openToMembers)];
        expect(await judgeClosedFields(powerless, schema, { as: 'FORBIDDEN', but })).toEqual([]);
        expect(await judgeExcuses(powerless, schema, openToMembers)).toEqual([]);
      });

      it('reads every column of every model, and its models say what its migrations make', async () => {
        const schemaPrisma = await fileOf('prisma/schema.prisma');
        expect(await judgeModels(under.product, schemaPrisma, under.owner.context.tenant!.id)).toEqual([]);
      });

      it('passes the catalogue lint', async () => {
        expect(await under.product.lint()).toEqual([]);
      });

      it('lets work of another tenant, and of no tenant, count, read, write, change and delete none of its rows', async () => {
        const ownerId = under.owner.context.tenant!.id;
        const strangerId = under.stranger.context.tenant!.id;
        expect(await judgeTables(under.product, { ownerId, strangerId })).toEqual([]);
        expect(await judgeTables(under.product, { ownerId, strangerId: null })).toEqual([]);
      });

      it('answers another tenant that asks by id, in the graph and by HTTP, exactly as for an id that does not exist', async () => {
        expect(await judgeStrangers(under.product, declaration, schema, under)).toEqual([]);
      });

      it('lists none of its files to another tenant', async () => {
        const ownerId = under.owner.context.tenant!.id;
        const strangerId = under.stranger.context.tenant!.id;
        expect(await judgeFiles(under.product, { ownerId, strangerId })).toEqual([]);
      });

      it("adds every row and file of a tenant to its archive, those of a person to theirs, and nobody else's", async () => {
        const [ownerId, strangerId] = [under.owner.context.tenant!.id, under.stranger.context.tenant!.id];
        const userId = userOf(under.owner.context.caller)!;
        expect(await judgeExport(under.product, declaration, { ownerId, strangerId, userId })).toEqual([]);
      });

      // The last one: nothing is there after it.
      it('leaves no row, file or job of a tenant that is erased, and all of every other', async () => {
        const [ownerId, strangerId] = [under.owner.context.tenant!.id, under.stranger.context.tenant!.id];
        expect(await judgeErasure(under.product, { ownerId, strangerId })).toEqual([]);
      });
    });
  });
});
