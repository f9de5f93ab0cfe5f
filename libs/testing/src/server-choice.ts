/** `VOUCHSAFE_CONTAINERS`: only containers, never containers; where it is not set, containers where they can be had. */
export type ContainerSetting = 'on' | 'off' | undefined;

/** What was found of a Docker engine. */
export type EngineState = 'answers' | 'absent' | 'elsewhere' | 'rootless';

/** All that a choice between a container and this machine's own processes rests on. */
export interface ContainerFacts {
  readonly setting: ContainerSetting;
  readonly engine: EngineState;
  readonly image: string;
  /** The engine has the image: nothing must be pulled while a test's clock runs. */
  readonly atHand: boolean;
}

/** How this machine has a server of a suite's own. */
export type ServerChoice =
  | { readonly by: 'container'; readonly image: string }
  /** `because`: why not a container */
  | { readonly by: 'process'; readonly because: string }
  | { readonly by: 'none'; readonly reason: string };

export type KafkaChoice = { readonly by: 'given'; readonly brokers: readonly string[] } | ServerChoice;

/** A container where one can be had; else a process. Whoever wants nothing but containers gets no other. */
export function chooseServer(facts: ContainerFacts): ServerChoice {
  const because = whyNoContainer(facts);
  if (because === undefined) return { by: 'container', image: facts.image };
  return facts.setting === 'on' ? { by: 'none', reason: because } : { by: 'process', because };
}

/** Brokers that were given go before any of one's own. */
export function chooseKafka(brokers: readonly string[], facts: ContainerFacts): KafkaChoice {
  return brokers.length > 0 && facts.setting !== 'on' ? { by: 'given', brokers } : chooseServer(facts);
}

function whyNoContainer({ setting, engine, image, atHand }: ContainerFacts): string | undefined {
  if (setting === 'off') return 'VOUCHSAFE_CONTAINERS is off';
  switch (engine) {
    case 'absent':
      return 'no Docker engine answers';
    case 'elsewhere':
      return 'the Docker engine is not on this machine';
    case 'rootless':
      return "the Docker engine is rootless: its containers may not write this user's folders";
    case 'answers':
      return atHand ? undefined : `the Docker engine has no image ${image}`;
  }
}
