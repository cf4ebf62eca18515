"""Information planes of neural networks: train once, measure with every estimator, draw.

    from mibench import ibnet
    trained = ibnet.train(ibnet.get_setting("2.2"), runs=2, epochs=200)
    trajectories = ibnet.measure(trained, ["uniform:bins=30", "adaptive:bins=30"])
    drawing = ibnet.plot_plane(trajectories)

For each layer T of a network, `measure` estimates I(X;T) and I(T;Y) in bits, where X is the input
and Y the class label. A `Setting` describes the networks, `train` gives a `Trained` with the
weights of every epoch, `measure` gives trajectories, and the plot functions draw them.

Networks that you train yourself are measured in the same way: `watch` logs the layers of a model of
torch in your training loop, and `from_activations` takes arrays.

"The thesis" is N. L. Rasmussen, "Information Bottleneck for Deep Learning: Theory and Experiments",
BSc thesis, University of Copenhagen; `reproduce` runs its experiments and judges its claims.

`__init__.pyi` lists the public names; each is loaded when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
