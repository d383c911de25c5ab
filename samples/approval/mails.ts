import { Activity } from 'perdure/decorators';

export class Mails {
  @Activity({ name: 'mails.ask' })
  async ask(what: string): Promise<void> {
    console.log(`  mail to Mona: may we buy ${what}?`);
  }
}
