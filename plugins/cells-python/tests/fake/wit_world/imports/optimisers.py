"""The interface `optimisers`: plain descent."""


class Adam:
    @classmethod
    def create(cls, learning_rate, beta1, beta2, epsilon):
        made = cls()
        made.rate = learning_rate
        return made

    def step(self, parameter, gradient):
        return parameter.subtract(gradient.affine(self.rate, 0.0))
