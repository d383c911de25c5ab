import { IsString } from 'class-validator';
import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';

export class Post {
  @IsString() from!: string;
  @IsString() text!: string;
}

/** What somebody has to read, in the order in which it was said. */
@Entity('reader')
export class Reader {
  state: string[] = [];

  @Operation()
  deliver(line: string): void {
    this.state.push(line);
  }

  @Operation()
  clear(_none: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
}

/** A chat room: whatever is posted goes to everybody who has joined. */
@Entity('room')
export class Room {
  state = { members: [] as string[], posts: 0 };

  @Operation()
  join(name: string, ctx: EntityContext): void {
    if (this.state.members.includes(name)) return;
    this.#tell(`${name} has joined`, ctx);
    this.state.members.push(name);
  }

  /** The number of the post. */
  @Operation()
  post({ from, text }: Post, ctx: EntityContext): number {
    if (!this.state.members.includes(from)) throw new Error(`${from} has not joined`);
    this.#tell(`${from}: ${text}`, ctx);
    return ++this.state.posts;
  }

  @Operation()
  close(_none: void, ctx: EntityContext): void {
    for (const member of this.state.members) ctx.signalEntity(Reader, member).clear();
    ctx.deleteState(); // nothing of it stays stored
  }

  #tell(line: string, ctx: EntityContext): void {
    for (const member of this.state.members) ctx.signalEntity(Reader, member).deliver(line);
  }
}
