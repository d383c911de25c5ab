import { Activity } from 'perdure/decorators';

/** Activities are methods of plain classes: they may do anything, and run at least once. */
export class Greetings {
  @Activity()
  async hello(city: string): Promise<string> {
    console.log(`  hello ${city}`);
    return `Hello, ${city}!`;
  }
}
