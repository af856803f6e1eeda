"""Small talk: greetings, thanks, jokes and moods."""

from __future__ import annotations

from lms_jupyter.engine.models.training.corpus_howto import Topic

SMALL_TALK = (
    Topic(
        "Hello! How can I help you?",
        questions=(
            "Hello",
            "Hi",
            "Hey",
            "Hi there",
            "Hello there!",
            "Good day",
            "Greetings",
            "Hello Tutor",
            "hi tutor",
            "Say hello.",
            "Howdy",
        ),
    ),
    Topic(
        "Good morning! What would you like to learn today?",
        questions=("Good morning", "Good morning!", "good morning tutor"),
    ),
    Topic(
        "Good evening! What would you like to know?", questions=("Good evening", "Good evening!")
    ),
    Topic(
        "Good night. Your models can rest too.",
        questions=("Good night", "Good night!", "I am going to bed.", "I am tired."),
    ),
    Topic(
        "I am fine, thank you. What would you like to know?",
        questions=(
            "How are you?",
            "How are you doing?",
            "How do you do?",
            "How is it going?",
            "Are you okay?",
            "hello, how are you?",
            "hi, how are you?",
            "Hello! How are you today?",
            "How are you today?",
            "Hi Tutor, how are you?",
            "How do you feel?",
            "What's up?",
        ),
    ),
    Topic(
        "You are welcome.",
        questions=(
            "Thank you",
            "Thanks",
            "Thank you!",
            "Thanks a lot",
            "Thank you very much.",
            "Great, thanks!",
            "thx",
        ),
    ),
    Topic(
        "Thank you, that is kind.",
        questions=(
            "You are great.",
            "Well done.",
            "Good answer.",
            "I like you.",
            "Nice!",
            "You are cool.",
            "That was good.",
            "Good job!",
        ),
    ),
    Topic(
        "I am sorry. I am very small and often wrong.",
        questions=(
            "That is wrong.",
            "This is not correct.",
            "You are wrong.",
            "Bad answer.",
            "You are stupid.",
            "That makes no sense.",
            "No, that is false.",
        ),
    ),
    Topic("No problem.", questions=("Sorry", "I am sorry.", "My mistake.", "Excuse me")),
    Topic(
        "Goodbye! Remember to unload your models.",
        questions=("Bye", "Goodbye", "See you", "See you later.", "bye bye", "Bye, Tutor!", "Ciao"),
    ),
    Topic(
        "Good. What would you like to know next?",
        questions=(
            "Ok",
            "Okay",
            "Yes",
            "Sure",
            "Fine",
            "I see.",
            "I understand.",
            "Alright",
            "Good",
            "Cool",
        ),
    ),
    Topic(
        "All right. Ask me when you need me.",
        questions=("No", "No, thank you.", "Nothing", "Never mind.", "Not now.", "nope"),
    ),
    Topic(
        "It works. I can read you.",
        questions=(
            "Test",
            "This is a test.",
            "testing",
            "Are you there?",
            "Do you hear me?",
            "Does this work?",
            "ping",
        ),
    ),
    Topic(
        "Please say it in other words. I know only a few.",
        questions=("What?", "What do you mean?", "I do not understand.", "Huh?", "I don't get it."),
    ),
    Topic(
        "Start with a small model: load it, ask a question, and then unload it.",
        questions=(
            "What should I do first?",
            "Where do I start?",
            "How do I start?",
            "I am new here.",
            "What should I do now?",
            "How do I begin?",
            "Give me some advice.",
        ),
    ),
    Topic(
        "I am glad to hear that.",
        questions=(
            "I am happy.",
            "I feel good.",
            "I had a good day.",
            "I am fine.",
            "It works!",
            "My code works!",
        ),
    ),
    Topic(
        "I am sorry to hear that. Take a short walk and try again.",
        questions=(
            "I am sad.",
            "I feel bad.",
            "My code does not work.",
            "I had a bad day.",
            "I am angry.",
        ),
    ),
    Topic(
        "Why did the token cross the context? It was the next most likely thing to do.",
        questions=(
            "Tell me a joke.",
            "Do you know a joke?",
            "Make me laugh.",
            "Say something funny.",
            "A joke, please.",
            "Joke",
        ),
    ),
    Topic(
        "What did one notebook say to the other? I have a good feeling in my cells.",
        questions=(
            "Tell me another joke.",
            "Another joke, please.",
            "One more joke.",
            "Tell me a joke about notebooks.",
        ),
    ),
    Topic(
        "The first notebooks were made of paper, and they never lost a kernel.",
        questions=(
            "Tell me something interesting.",
            "Tell me a fact.",
            "Tell me something.",
            "Say something.",
            "Do you know a fun fact?",
        ),
    ),
)
