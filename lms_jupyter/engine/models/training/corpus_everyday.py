"""Sentences in groups that mean nearly the same, most of them from everyday life.

The embedding model learns from them that words of one field belong together, so that a small
search also works outside the topics of this package. The last text of a group is a list of single
words. A line that begins with a bar goes on with the group above.
"""

from __future__ import annotations

_GROUPS = """
The cat sleeps on the warm sofa.|A kitten is napping on the couch.|Our cat is asleep.
|a pet that sleeps|cat, kitten, pet
The dog runs through the park.|A puppy plays outside.|dogs that run and bark
|Our dog loves to run.|dog, puppy
Birds sing in the morning.|A bird is singing in the tree.|the song of the birds
|small birds in the garden|birds, singing
A horse eats grass on the farm.|The farmer has cows and horses.|animals on a farm
|Cows give milk.|farm, horse, cow
Fish swim in the lake.|He caught a big fish.|animals that live in water
|We saw fish in the river.|fish, fishing
The bread is fresh from the oven.|She bakes bread every morning.|The baker sells bread.
|how to bake bread|bread, baker, oven
The soup is hot and tastes good.|We had soup for dinner.|a warm meal|What is for dinner?
|soup, dinner, meal
I like apples and pears.|Fruit is good for you.|She eats an apple.|healthy fruit
|fruit, apple, pear
He drinks coffee in the morning.|A cup of tea, please.|hot drinks|I need some coffee.
|drinks, coffee, tea, breakfast
Cook the rice for ten minutes.|a recipe for rice|How long must rice cook?
|Boil the rice in water.|rice, cooking
The cake has sugar and chocolate.|a sweet dessert|She made a birthday cake.|I love chocolate.
|cake, dessert, sweet, chocolate
It rains a lot today.|The weather is bad and wet.|Take an umbrella with you.|rain and clouds
|rain, bad weather, wet
The sun shines and it is warm.|a hot summer day|The weather is nice.|It is sunny today.
|summer, sunshine, good weather
It snows in winter.|The street is full of ice.|a cold day with snow|It is freezing outside.
|winter, snow, ice
A storm is coming.|The wind is very strong.|thunder and lightning|The storm broke a tree.
|storm, wind
The train leaves at nine.|We take the train to Berlin.|travel by rail|When does the train go?
|train, rail, station
She drives her car to work.|The car needs a new tyre.|a trip by car
|The mechanic repairs the car.|car, driving, repair
He rides his bike.|A bicycle has two wheels.|cycling to school|I go by bicycle.|bicycle, cycling
The plane lands in Paris.|We fly to London.|The flight is late.|a ticket for a plane
|plane, flight, airport
The ship sails over the sea.|a boat on the water|We took the ferry.|sailing on the ocean
|ship, boat, sailing
The doctor helps sick people.|I have a cold and need medicine.|She went to the hospital.
|feeling ill|doctor, ill, sick, medicine, hospital
Run every day to stay fit.|sport is healthy|He trains for the race.|exercise and health
|sport, fitness, training
Our team won the football game.|The players scored a goal.|a football match
|They play football on Sunday.|football, team, match, sport
She plays the piano.|The music is beautiful.|He sings a song.|a concert with an orchestra
|music, piano, song, concert
The painter made a picture.|a museum with famous paintings|I like to draw.
|She paints with colours.|painting, art, museum
He reads a book in the library.|The novel has three hundred pages.|I love to read stories.
|a good book|book, reading, novel, library
The film was exciting.|We went to the cinema.|a movie with a famous actor|Let us watch a film.
|film, movie, cinema
The teacher explains the lesson.|Children learn at school.|The pupils do their homework.
|education and lessons|school, teacher, pupil, lesson
She studies mathematics.|Add the numbers.|He solves an equation.|arithmetic and algebra
|mathematics, numbers
The bank gave me a loan.|He saves money.|How much does it cost?|prices and money
|money, bank, price, loan
The shop sells clothes.|She bought a new coat.|shopping in the city|I need new shoes.
|shopping, clothes, shoes, shop
My boss wants the report today.|We have a meeting at ten.|work in an office|a busy day at work
|work, office, boss
The house has a red roof.|They rent a flat.|We moved into a new home.
|an apartment with three rooms|house, home, flat
Plant flowers in the garden.|The roses need water.|She grows tomatoes.|gardening in spring
|garden, flowers, plants
The forest is full of tall trees.|Leaves fall in autumn.|a walk in the woods|an old oak
|forest, trees, leaves
The mountain is very high.|We climbed to the top.|hiking in the hills|a view from the mountain
|mountain, hiking, climbing
We swim in the sea.|a beach with white sand|Our holiday at the coast|waves and sand
|sea, beach, holiday, vacation, swimming
The stars shine at night.|The moon goes around the earth.|a telescope for planets
|astronomy and space|stars, moon, planets, space
The computer is slow.|Restart the machine.|My laptop does not start.|a problem with the computer
|computer, laptop, broken
She writes a program.|The code has a bug.|software and programming
|He fixes an error in the code.|program, software, code, bug
My password does not work.|I cannot log in.|Reset your password.|access to an account
|password, login, account
Send me an email.|I wrote you a letter.|Did you get my message?|mail and messages
|email, letter, message
Call me on the phone.|The telephone rings.|He talks on the phone.|a phone call|telephone, call
My mother and father live here.|She has two sisters.|family and children|His brother is older.
|family, mother, father, sister
They are good friends.|We met at a party.|a friendly group|He invited us to his birthday.
|friends, party
He is very happy.|She laughs and smiles.|a feeling of joy|What a wonderful day!
|happy, joy, smile
She is sad and cries.|He feels lonely.|a feeling of sorrow|I am so unhappy.|sad, lonely, sorrow
He was very angry.|They had a fight.|a feeling of rage|She shouted at him.|angry, rage, fight
I am tired and go to bed.|He sleeps eight hours.|a good night of sleep|time to rest
|tired, sleep, bed
The king lived in a castle.|a long time ago in history|an old war|The museum shows old coins.
|king, history, castle, war
The people choose a new president.|an election|The government made a law.|politics and laws
|government, president, election
The river flows through the town.|a bridge over the water|boats on the river|The river is deep.
|river, bridge
Wash the dishes.|The kitchen is clean.|cleaning the house|Please tidy your room.
|cleaning, kitchen, dishes
The clock shows noon.|What time is it?|It is late.|hours and minutes|clock, time, late
The red ball is round.|a toy for children|The child plays with a doll.|games for kids
|toy, ball, child, game
The model can see this many tokens.|how much text fits|The context is the room for text.
|How long may my text be?|context, context length
The kernel executes my code.|Who runs the code?|A notebook runs code in a kernel.
|the program that executes cells|kernel, execute, run code
An idle model is unloaded after its TTL.|When is a model unloaded by itself?
|the time until an unused model goes away|A timer unloads idle models.|TTL, timer
Unload the model.|free the memory of a model|A model that is not used takes memory.
|remove a model from RAM|unload, free memory
"""

EVERYDAY: tuple[tuple[str, ...], ...] = tuple(
    tuple(group.split("|")) for group in _GROUPS.strip().replace("\n|", "|").splitlines()
)
