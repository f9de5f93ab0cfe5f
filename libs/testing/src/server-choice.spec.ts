import { describe, expect, it } from '@jest/globals';
import { chooseKafka, chooseServer, type ContainerFacts } from './server-choice.js';

const able: ContainerFacts = { setting: undefined, engine: 'answers', image: 'server:1', atHand: true };
const obstacles: [Partial<ContainerFacts>, string][] = [
  [{ engine: 'absent' }, 'no Docker engine answers'],
  [{ engine: 'elsewhere' }, 'not on this machine'],
  [{ engine: 'rootless' }, 'rootless'],
  [{ atHand: false }, 'no image server:1'],
];

describe('the servers that suites run on', () => {
  it('are containers where an engine of this machine has the image', () => {
    expect(chooseServer(able)).toEqual({ by: 'container', image: 'server:1' });
    expect(chooseKafka([], able)).toEqual({ by: 'container', image: 'server:1' });
  });

  it.each(obstacles)('are processes where %j, with the reason', (obstacle, because) => {
    const facts = { ...able, ...obstacle };
    expect(chooseServer(facts)).toEqual({ by: 'process', because: expect.stringContaining(because) });
    expect(chooseKafka([], facts)).toEqual({ by: 'process', because: expect.stringContaining(because) });
  });

  it.each(obstacles)('are none where %j and nothing but containers is wanted', (obstacle, because) => {
    const facts: ContainerFacts = { ...able, ...obstacle, setting: 'on' };
    const none = { by: 'none', reason: expect.stringContaining(because) };
    expect(chooseServer(facts)).toEqual(none);
    expect(chooseKafka([], facts)).toEqual(none);
    expect(chooseKafka(['given:9092'], facts)).toEqual(none);
  });

  it('are processes where containers are switched off, whatever the engine has', () => {
    const because = 'VOUCHSAFE_CONTAINERS is off';
    expect(chooseServer({ ...able, setting: 'off' })).toEqual({ by: 'process', because });
    expect(chooseKafka([], { ...able, setting: 'off' })).toEqual({ by: 'process', because });
  });

  it('are the brokers that were given, before any container but one that is insisted on', () => {
    const given = { by: 'given', brokers: ['given:9092'] };
    expect(chooseKafka(['given:9092'], able)).toEqual(given);
    expect(chooseKafka(['given:9092'], { ...able, setting: 'off' })).toEqual(given);
    expect(chooseKafka(['given:9092'], { ...able, setting: 'on' })).toEqual({
      by: 'container',
      image: 'server:1',
    });
  });
});
