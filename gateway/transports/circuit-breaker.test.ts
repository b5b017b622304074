import { describe, expect, it } from '@jest/globals';
import { CircuitBreaker, type CallResult } from './circuit-breaker.js';

function testBreaker() {
  const clock = { now: 0 };
  const breaker = new CircuitBreaker(() => clock.now);
  const call = (result: CallResult) => {
    const permit = breaker.enter();
    if (permit !== null) breaker.ended(permit, result);
    return permit !== null;
  };
  const calls = (count: number, result: CallResult) => {
    for (let made = 0; made < count; made++) call(result);
  };
  return { breaker, clock, call, calls };
}

describe('A circuit', () => {
  it('opens when five calls in a row failed', () => {
    const { breaker, call, calls } = testBreaker();
    calls(4, 'failed');
    expect(breaker.state).toBe('closed');
    calls(1, 'failed');
    expect([breaker.state, call('worked')]).toEqual(['open', false]);
  });

  it('stays closed while less than half of the calls fail', () => {
    const { breaker, calls } = testBreaker();
    calls(20, 'worked');
    calls(19, 'failed');
    expect(breaker.state).toBe('closed');
    calls(1, 'failed');
    expect(breaker.state).toBe('open');
  });

  it('stays closed when failures are far apart', () => {
    const { breaker, clock, calls } = testBreaker();
    for (let minute = 0; minute < 20; minute++) {
      calls(1, 'failed');
      clock.now += 60_000;
    }
    expect(breaker.state).toBe('closed');
  });

  it('does not count callers who left', () => {
    const { breaker, calls } = testBreaker();
    calls(100, 'unknown');
    expect(breaker.state).toBe('closed');
  });

  it('lets one probe through after two seconds, and closes when it works', () => {
    const { breaker, clock, call, calls } = testBreaker();
    calls(5, 'failed');
    clock.now += 1_999;
    expect(breaker.enter()).toBeNull();
    clock.now += 1;
    const probe = breaker.enter()!;
    expect([probe === null, breaker.state, breaker.enter()]).toEqual([false, 'half-open', null]);
    breaker.ended(probe, 'worked');
    expect([breaker.state, call('worked')]).toEqual(['closed', true]);
  });

  it('stays open for two seconds more when the probe fails', () => {
    const { breaker, clock, call, calls } = testBreaker();
    calls(5, 'failed');
    clock.now += 2_000;
    expect([call('failed'), breaker.state, call('worked')]).toEqual([true, 'open', false]);
    clock.now += 2_000;
    expect([call('worked'), breaker.state]).toEqual([true, 'closed']);
  });

  it('sends the next probe at once when the caller of one left', () => {
    const { breaker, clock, call, calls } = testBreaker();
    calls(5, 'failed');
    clock.now += 2_000;
    expect([call('unknown'), call('worked'), breaker.state]).toEqual([true, true, 'closed']);
  });

  it('does not wait for a probe that hangs longer than two seconds', () => {
    const { breaker, clock, call, calls } = testBreaker();
    calls(5, 'failed');
    clock.now += 2_000;
    const hanging = breaker.enter()!;
    clock.now += 2_000;
    expect([call('worked'), breaker.state]).toEqual([true, 'closed']);
    breaker.ended(hanging, 'failed');
    expect(breaker.state).toBe('closed');
  });

  it('takes no notice of calls that began before it opened', () => {
    const { breaker, clock, calls } = testBreaker();
    const [early, other] = [breaker.enter()!, breaker.enter()!];
    calls(5, 'failed');
    breaker.ended(early, 'worked');
    expect(breaker.state).toBe('open');
    clock.now += 2_000;
    breaker.ended(breaker.enter()!, 'worked');
    for (let late = 0; late < 10; late++) breaker.ended(other, 'failed');
    expect(breaker.state).toBe('closed');
  });

  it('needs five new failures after it closed', () => {
    const { breaker, clock, calls } = testBreaker();
    calls(5, 'failed');
    clock.now += 2_000;
    calls(1, 'worked');
    calls(4, 'failed');
    expect(breaker.state).toBe('closed');
  });
});
