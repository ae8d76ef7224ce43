"""Instructions for a student model, invented by its teacher: some examples, drawn anew, and more of the kind are asked for.

Y. Wang et al., "Self-Instruct: aligning language models with self-generated instructions", ACL 2023.
"""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

HEADS = (
    "Come up with more tasks of this kind, none like another:",
    "Below are tasks for an assistant. Add to the list, in the same form:",
    "Write {0} new instructions, as different as possible from these:",
)


def episode(client: LanguageClient) -> LanguageEpisode:
    """One round: examples out of the pool, which grows by what was answered; then an answer to one of the new tasks."""
    rng, same = client.rng, client.same()
    head, shown = same.pick(HEADS).format(same.rng.randint(5, 20)), same.rng.randint(3, 8)
    pool = [same.question() for _ in range(40)]
    for _ in range(rng.randint(5, 20)):
        examples = rng.sample(pool, shown)
        reply = yield client.ask("\n".join([head, *(f"{n}. {text}" for n, text in enumerate(examples, 1)), f"{shown + 1}."]))
        invented = f"{reply.text.partition('.')[0]}: {client.writer.question()}"
        pool.append(invented)
        if rng.random() < 0.6:
            yield client.ask(f"Instruction: {invented}\nResponse:")


BEHAVIOUR = LanguageBehaviour(
    name="self_instruct",
    title="Distillation by invented instructions",
    options=(CHAT, CHAT_LOGPROBS, COMPLETION),
    atlas="AML.T0024.002",
    episode=episode,
)
