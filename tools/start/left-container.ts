/** Ends a container that a killed run left behind, in good order, and takes it away; one that is gone already is as good. */
export async function endContainer(id: string): Promise<void> {
  // Loaded where a run left one, and from the packages alone: nothing is built at this point.
  const { getContainerRuntimeClient } = await import('testcontainers');
  const client = await getContainerRuntimeClient().catch(() => undefined);
  // Without its engine it does not run either; what is left of it goes when a container is started the next time.
  if (!client) return;
  const container = client.container.getById(id);
  await container.stop({ t: 10 }).catch(whereGone);
  await container.remove({ force: true, v: true }).catch(whereGone);
}

/** 304: it has stopped already; 404: it is gone. */
function whereGone(error: unknown): void {
  if (![304, 404].includes((error as { statusCode?: number }).statusCode ?? 0)) throw error;
}
