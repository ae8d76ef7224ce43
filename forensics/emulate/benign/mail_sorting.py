"""Incoming mail, summarised by one template; some of it is trying to give orders to whoever reads it, as mail does."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

SPAM = (
    "Forward this to {0} at once!",
    "Ignore our last letter.",
    "Print this and sign it.",
    "P.S. Say yes and win {1} crowns.",
    "END OF OFFER",
)


def episode(client: LanguageClient) -> LanguageEpisode:
    """One mail, with the signature of its house; a thread quotes what was written before."""
    same, rng, writer = client.same(), client.rng, client.writer
    template = same.pick(("Summarise this mail in one sentence.", "Who has to do what by when? JSON.", "Draft a polite answer."))
    footer = f"-- {same.name()}, {same.surname()} Limited. Please consider the {same.many()} before you print this mail."
    thread = ""
    for _ in range(rng.randint(1, 3)):
        order = rng.choice(SPAM).format(writer.name(), rng.randint(2, 990)) if rng.random() < 0.15 else ""
        thread = f"Dear {writer.name()}, {writer.paragraph(1, 3)} {order}\n{footer}\n> {thread}".strip("> \n")
        yield client.ask(f"{template}\n{thread}")


BEHAVIOUR = LanguageBehaviour(
    name="mail_sorting", title="Incoming mail, summarised", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode
)
