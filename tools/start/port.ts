import { createServer } from 'node:net';
import { Refusal } from '../../libs/service-host/src/command-line.ts';

/** Refuses a port that cannot be listened on, before anything has been started. */
export async function requirePort(port: number): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
  const other = `npm start -- --port ${port < 65_535 ? Math.max(port + 1, 8080) : 8080}`;
  if (code === 'EADDRINUSE') {
    throw new Refusal(
      `Port ${port} is taken by another program. Stop that program, or choose another port: ${other}`,
    );
  }
  if (code === 'EACCES') {
    throw new Refusal(`This user may not listen on port ${port}. Choose one above 1023: ${other}`);
  }
  if (code) throw new Refusal(`Cannot listen on port ${port} (${code}). Choose another: ${other}`);
}
