"""Everyday sentences in groups that mean nearly the same.

The embedding model learns from them that words of one field belong together, so that a small
search also works outside the topics of this package.
"""

from __future__ import annotations

_GROUPS = """
The cat sleeps on the warm sofa.|A kitten is napping on the couch.|Our cat is asleep.|a pet that sleeps
The dog runs through the park.|A puppy plays outside.|dogs that run and bark|Our dog loves to run.
Birds sing in the morning.|A bird is singing in the tree.|the song of the birds|small birds in the garden
A horse eats grass on the farm.|The farmer has cows and horses.|animals on a farm|Cows give milk.
Fish swim in the lake.|He caught a big fish.|animals that live in water|We saw fish in the river.
The bread is fresh from the oven.|She bakes bread every morning.|The baker sells bread.|how to bake bread
The soup is hot and tastes good.|We had soup for dinner.|a warm meal|What is for dinner?
I like apples and pears.|Fruit is good for you.|She eats an apple.|healthy fruit
He drinks coffee in the morning.|A cup of tea, please.|hot drinks|I need some coffee.
Cook the rice for ten minutes.|a recipe for rice|How long must rice cook?|Boil the rice in water.
The cake has sugar and chocolate.|a sweet dessert|She made a birthday cake.|I love chocolate.
It rains a lot today.|The weather is bad and wet.|Take an umbrella with you.|rain and clouds
The sun shines and it is warm.|a hot summer day|The weather is nice.|It is sunny today.
It snows in winter.|The street is full of ice.|a cold day with snow|It is freezing outside.
A storm is coming.|The wind is very strong.|thunder and lightning|The storm broke a tree.
The train leaves at nine.|We take the train to Berlin.|travel by rail|When does the train go?
She drives her car to work.|The car needs a new tyre.|a trip by car|The mechanic repairs the car.
He rides his bike.|A bicycle has two wheels.|cycling to school|I go by bicycle.
The plane lands in Paris.|We fly to London.|The flight is late.|a ticket for a plane
The ship sails over the sea.|a boat on the water|We took the ferry.|sailing on the ocean
The doctor helps sick people.|I have a cold and need medicine.|She went to the hospital.|feeling ill
Run every day to stay fit.|sport is healthy|He trains for the race.|exercise and health
Our team won the football game.|The players scored a goal.|a football match|They play football on Sunday.
She plays the piano.|The music is beautiful.|He sings a song.|a concert with an orchestra
The painter made a picture.|a museum with famous paintings|I like to draw.|She paints with colours.
He reads a book in the library.|The novel has three hundred pages.|I love to read stories.|a good book
The film was exciting.|We went to the cinema.|a movie with a famous actor|Let us watch a film.
The teacher explains the lesson.|Children learn at school.|The pupils do their homework.|education and lessons
She studies mathematics.|Add the numbers.|He solves an equation.|arithmetic and algebra
The bank gave me a loan.|He saves money.|How much does it cost?|prices and money
The shop sells clothes.|She bought a new coat.|shopping in the city|I need new shoes.
My boss wants the report today.|We have a meeting at ten.|work in an office|a busy day at work
The house has a red roof.|They rent a flat.|We moved into a new home.|an apartment with three rooms
Plant flowers in the garden.|The roses need water.|She grows tomatoes.|gardening in spring
The forest is full of tall trees.|Leaves fall in autumn.|a walk in the woods|an old oak
The mountain is very high.|We climbed to the top.|hiking in the hills|a view from the mountain
We swim in the sea.|a beach with white sand|Our holiday at the coast|waves and sand
The stars shine at night.|The moon goes around the earth.|a telescope for planets|astronomy and space
The computer is slow.|Restart the machine.|My laptop does not start.|a problem with the computer
She writes a program.|The code has a bug.|software and programming|He fixes an error in the code.
My password does not work.|I cannot log in.|Reset your password.|access to an account
Send me an email.|I wrote you a letter.|Did you get my message?|mail and messages
Call me on the phone.|The telephone rings.|He talks on the phone.|a phone call
My mother and father live here.|She has two sisters.|family and children|His brother is older.
They are good friends.|We met at a party.|a friendly group|He invited us to his birthday.
He is very happy.|She laughs and smiles.|a feeling of joy|What a wonderful day!
She is sad and cries.|He feels lonely.|a feeling of sorrow|I am so unhappy.
He was very angry.|They had a fight.|a feeling of rage|She shouted at him.
I am tired and go to bed.|He sleeps eight hours.|a good night of sleep|time to rest
The king lived in a castle.|a long time ago in history|an old war|The museum shows old coins.
The people choose a new president.|an election|The government made a law.|politics and laws
The river flows through the town.|a bridge over the water|boats on the river|The river is deep.
Wash the dishes.|The kitchen is clean.|cleaning the house|Please tidy your room.
The clock shows noon.|What time is it?|It is late.|hours and minutes
The red ball is round.|a toy for children|The child plays with a doll.|games for kids
"""

EVERYDAY: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.split("|")) for line in _GROUPS.strip().splitlines()
)
